/** The targets of a contract: each operation that takes a body, by content type; and how one body goes to one. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Addresses } from './addresses.ts';
import type { Asked } from './ask.ts';
import type { Body, Kind, Place } from './body.ts';
import { kindsOf } from './kinds-of.ts';
import { NOBODY, objectsOf, operationsOf, resolverOf, type Contract, type Operation } from './operations.ts';

export type Target = {
  /** Method, path and content type. */
  readonly name: string;
  readonly operation: Operation;
  readonly place: Place;
  readonly kinds: readonly Kind[];
  /** Whether its schema takes this body, of the types that a schema says more about than that they are bytes. */
  isLegal(body: Body): boolean;
  /** Whether it has to refuse this body: no parser takes it, or its schema does not. */
  mustRefuse(kind: Kind, body: Body): boolean;
};

export function targetsOf(contract: Contract, seed: number): readonly Target[] {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(contract, 'openapi');
  const resolve = resolverOf(contract);
  const objects = objectsOf(contract);
  return operationsOf(contract).flatMap((operation) =>
    operation.bodies.map(([type, schema]): Target => {
      const place = { type, schema, resolve, words: operation.words, objects, seed };
      const isJson = /[/+]json\b/.test(type);
      const fits = ajv.compile({ $ref: `openapi#/${pointerTo(operation, type)}` });
      const judged = new WeakMap<Body, boolean>();
      const takes = (body: Body): boolean => {
        const isTaken = judged.get(body) ?? isTakenBy(fits, body);
        judged.set(body, isTaken);
        return isTaken;
      };
      return {
        name: `${operation.method} ${operation.path} ${type.replaceAll(/\s/g, '')}`,
        operation,
        place,
        kinds: kindsOf(place),
        isLegal: (body) => isJson && takes(body),
        mustRefuse: ({ isBroken = false }, body) =>
          isBroken || (isJson && body.coding === undefined && !takes(body)),
      };
    }),
  );
}

const pointerTo = ({ path, method }: Operation, type: string): string =>
  ['paths', path, method.toLowerCase(), 'requestBody', 'content', type, 'schema']
    .map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');

function isTakenBy(fits: (value: unknown) => boolean, { bytes }: Body): boolean {
  try {
    return fits(JSON.parse(bytes.toString()));
  } catch {
    return false;
  }
}

/** The request for a body; null: it is kept back. */
export async function requestsFor(
  { operation }: Target,
  body: Body,
  {
    caller,
    addresses,
    isRefused,
  }: { readonly caller: string; readonly addresses: Addresses; readonly isRefused: boolean },
): Promise<readonly Asked[]> {
  const { method, path, callers } = operation;
  const headers = {
    'content-type': body.type,
    ...(body.coding && { 'content-encoding': body.coding }),
  };
  // The settings of the gateway under test stay as they are: a legal body of an administrator goes to nothing.
  const isSetting = !isRefused && callers.every((one) => one === 'admin');
  if (isSetting && !path.includes('{')) return [];
  const paths = isSetting ? [addresses.madeUp(operation)] : await addresses.real(operation, caller);
  return paths.map((to) => ({ method, path: to, headers, body: body.bytes }));
}

export const weakest = ({ callers }: Operation): string => callers[0] ?? NOBODY;
