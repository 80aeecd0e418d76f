/** The operations of a contract (`/openapi.json`): what each takes, who may call it, and who of those may least. */

/** JSON Schema 2020-12, as far as it is looked at. */
export type Schema = { readonly [keyword: string]: unknown };
export type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
};

export type Operation = {
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  /** From the one that may do least in the whole contract; `nobody` alone where everybody may call. */
  readonly callers: readonly string[];
  readonly parameters: readonly Parameter[];
  /** By the content type of its body. */
  readonly bodies: readonly (readonly [type: string, schema: Schema])[];
  /** The largest body in bytes, where the contract says it. */
  readonly limit: number | null;
  /** The closed lists of words in its answers: a table names its columns by one of them. */
  readonly words: readonly (readonly string[])[];
};

type Described = {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> };
  readonly responses: unknown;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly 'x-roles'?: 'public' | readonly string[];
  readonly 'x-body-limit'?: number;
};
export type Contract = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
};

export const NOBODY = 'nobody';
/** Callers besides the roles: a device's right to send, and API keys by their scope. */
export const DEVICE = 'device';
export const keyOf = (scope: string): string => `key ${scope}`;

export function operationsOf(contract: Contract): readonly Operation[] {
  const described = Object.entries(contract.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method, path, operation })),
  );
  const reach = new Map<string, number>();
  for (const { operation } of described)
    for (const caller of callersOf(operation)) reach.set(caller, (reach.get(caller) ?? 0) + 1);
  return described.map(({ method, path, operation }) => ({
    method: method.toUpperCase(),
    path,
    callers: callersOf(operation).toSorted((a, b) => reach.get(a)! - reach.get(b)!),
    parameters: operation.parameters ?? [],
    bodies: Object.entries(operation.requestBody?.content ?? {}).map(
      ([type, { schema = {} }]) => [type, schema] as const,
    ),
    limit: operation['x-body-limit'] ?? null,
    words: [...new Map([...wordsIn(operation.responses)].map((list) => [list.join(), list])).values()],
  }));
}

function callersOf({ security = [], 'x-roles': roles = [] }: Described): readonly string[] {
  if (roles === 'public') return [NOBODY];
  const others = security.flatMap((one) => [
    ...('uploadRight' in one ? [DEVICE] : []),
    ...(one['apiKey'] ?? []).map(keyOf),
  ]);
  return [...roles, ...others];
}

function* wordsIn(node: unknown): Generator<readonly string[]> {
  if (typeof node !== 'object' || node === null) return;
  const { enum: words } = node as { readonly enum?: unknown };
  // Null is among those of a value that may be absent.
  const said = Array.isArray(words) ? words.filter((word) => typeof word === 'string' && word !== '') : [];
  if (said.length > 1) yield said;
  for (const child of Object.values(node)) yield* wordsIn(child);
}

/** By the name of a property, the schema of an object that the contract has under it: the one that says most. */
export function objectsOf(contract: Contract): ReadonlyMap<string, Schema> {
  const found = new Map<string, Schema>();
  const sizeOf = (schema: Schema | undefined): number => Object.keys(schema?.['properties'] ?? {}).length;
  const look = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { properties } = node as { readonly properties?: Readonly<Record<string, Schema>> };
    for (const [name, schema] of Object.entries(properties ?? {}))
      if (sizeOf(schema) > sizeOf(found.get(name))) found.set(name, schema);
    for (const child of Object.values(node)) look(child);
  };
  look(contract);
  return found;
}

/** A reference of the document, followed. */
export function resolverOf(contract: Contract): (schema: Schema) => Schema {
  return ({ $ref, ...own }) => {
    if (typeof $ref !== 'string') return own;
    const steps = $ref.replace(/^#\//, '').split('/');
    const found = steps.reduce<unknown>(
      (node, step) => (node as Record<string, unknown>)[step.replaceAll('~1', '/').replaceAll('~0', '~')],
      contract,
    );
    return { ...(found as Schema), ...own };
  };
}
