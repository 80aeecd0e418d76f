/**
 * Addresses for the paths of a contract: each parameter is what a list above it names (`GET /cases` for
 * `/cases/{id}/notes`), or made up as its schema wants it.
 */
import { fill } from './fill-schema.ts';
import type { Ask } from './ask.ts';
import type { Operation, Parameter, Schema } from './operations.ts';

const PARAMETER = /^\{(\w+)\}$/;
/** Tags of PS3.6, by which a list in the DICOM JSON Model names its rows. */
const TAGS: Readonly<Record<string, string>> = {
  studyInstanceUID: '0020000D',
  seriesInstanceUID: '0020000E',
  sopInstanceUID: '00080018',
};
/** Stands for parameters that are any text: one that wants a number gets one. */
const ANY = '1';

const isRequired = ({ required }: Parameter): boolean => required === true;
const isChoice = ({ schema }: Parameter): boolean => 'enum' in schema;

export class Addresses {
  readonly #resolve: (schema: Schema) => Schema;
  readonly #ask: Ask;
  readonly #lists: ReadonlySet<string>;
  readonly #isOthers: (text: string) => boolean;
  readonly #known = new Map<string, Promise<unknown>>();
  #count = 0;

  /** `isOthers`: names what other people work at: no attack is aimed there. */
  constructor(
    operations: readonly Operation[],
    resolve: (schema: Schema) => Schema,
    { ask, isOthers }: { readonly ask: Ask; readonly isOthers: (text: string) => boolean },
  ) {
    this.#resolve = resolve;
    this.#ask = ask;
    this.#isOthers = isOthers;
    this.#lists = new Set(operations.filter(({ method }) => method === 'GET').map(({ path }) => path));
  }

  /** Names things that are there, where the caller sees some: once with the least of a query, once with choices. */
  async real(operation: Operation, caller: string): Promise<readonly string[]> {
    let template = '';
    let path = '';
    for (const step of operation.path.split('/').slice(1)) {
      const name = PARAMETER.exec(step)?.[1];
      path += `/${name === undefined ? step : await this.#find(operation, { name, template, path, caller })}`;
      template += `/${step}`;
    }
    const queries = [isRequired, (one: Parameter) => isRequired(one) || isChoice(one)];
    return [...new Set(queries.map((isTold) => path + this.#queryOf(operation, isTold)))];
  }

  /** Names nothing that is there. */
  madeUp(operation: Operation): string {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(this.#invent(parameterOf(operation, name))),
    );
    return path + this.#queryOf(operation, isRequired);
  }

  /** `template`, `path`: above the parameter, as the contract writes it and as it is. */
  async #find(
    operation: Operation,
    {
      name,
      template,
      path,
      caller,
    }: {
      readonly name: string;
      readonly template: string;
      readonly path: string;
      readonly caller: string;
    },
  ): Promise<string> {
    const parameter = parameterOf(operation, name);
    const list = isChoice(parameter) || !this.#lists.has(template) ? null : await this.#listAt(path, caller);
    const found = named(list, [name, TAGS[name] ?? 'id'], this.#isOthers);
    return encodeURIComponent(found ?? this.#invent(parameter));
  }

  #listAt(path: string, caller: string): Promise<unknown> {
    const key = `${caller} ${path}`;
    const asked = this.#known.get(key) ?? this.#ask(caller, { method: 'GET', path }).then(({ body }) => body);
    this.#known.set(key, asked);
    return asked;
  }

  #invent({ schema, name }: Parameter): string {
    this.#count += 1;
    if (/UID$/.test(name)) return `2.25.${Date.now()}${this.#count}`;
    if (Object.keys(schema).join() === 'type' && schema['type'] === 'string') return ANY;
    return String(fill(schema, { style: 'legal', grows: 'lists', resolve: this.#resolve, seed: 0 }, 1));
  }

  #queryOf({ parameters }: Operation, isTold: (parameter: Parameter) => boolean): string {
    const told = parameters.filter((one) => one.in === 'query' && isTold(one));
    if (told.length === 0) return '';
    return `?${new URLSearchParams(told.map((one) => [one.name, this.#invent(one)])).toString()}`;
  }
}

const parameterOf = ({ parameters }: Operation, name: string): Parameter =>
  parameters.find((one) => one.in === 'path' && one.name === name) ?? {
    ...{ name, in: 'path' },
    schema: { type: 'string' },
  };

/** The first text under one of these names, the outermost first, that is not others'. */
function named(node: unknown, names: readonly string[], isOthers: (text: string) => boolean): string | null {
  if (typeof node !== 'object' || node === null) return null;
  for (const name of names) {
    const value = (node as Readonly<Record<string, unknown>>)[name];
    const [text] = (value as { readonly Value?: readonly unknown[] } | undefined)?.Value ?? [value];
    if (typeof text === 'string' && text !== '' && !isOthers(text)) return text;
  }
  for (const child of Object.values(node)) {
    const found = named(child, names, isOthers);
    if (found !== null) return found;
  }
  return null;
}
