/**
 * Parses all bytes from outside (bodies, answers of a PACS, files) into values. Small ones are parsed at once. A thread
 * parses the others, one at a time for each sender, so that no input blocks the event loop or another sender. Whoever
 * reads the bytes limits their number; the parser limits what it makes of them.
 */
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { createThreadLine } from './fair-line.ts';
import { giving, keepThread, toOwn, type KeptThread } from './thread.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * A thread finds the parser by the file that exports it and by its name; its values pass through a structured clone.
 */
export type Parser<Rest extends unknown[], Value> = {
  readonly module: string;
  readonly parse: (bytes: Bytes, ...rest: Rest) => Value | Promise<Value>;
};

/** `module`: `import.meta.url` of the file that exports `parse` under its own name. */
export const parserIn = <Rest extends unknown[], Value>(
  module: string,
  parse: Parser<Rest, Value>['parse'],
): Parser<Rest, Value> => ({ module, parse });

export type ParseTalk = {
  readonly task: {
    readonly module: string;
    readonly name: string;
    readonly bytes: Bytes;
    readonly rest: unknown[];
  };
  readonly question: never;
  readonly reply: never;
  readonly answer: ParseOutcome;
};
/** A Problem is passed as its parts, because it does not survive a structured clone. */
export type ParseOutcome =
  | { readonly kind: 'parsed'; readonly value: unknown }
  | { readonly kind: 'problem'; readonly code: AnyProblemCode; readonly detail: string | undefined };

/** Parsing JSON of this size takes a millisecond; handing it to a thread takes as long. */
const HERE_BYTES = 16 * 1024;
export const isSmall = ({ length }: Uint8Array): boolean => length <= HERE_BYTES;
/** A million values, together with a schema's findings on each of them, need 200 MB. */
const HEAP_MB = 320;
/**
 * How long work may go on after its sender has left, before its thread is ended to free it for others. Starting another
 * takes 50 to 200 ms.
 */
const LETS_GO_MS = 2000;

/** `from`: whose turn it takes, such as an account's. `unpacksTo`: the most bytes that the input may unpack to. */
export type ToParse = {
  readonly bytes: Uint8Array;
  readonly unpacksTo?: number;
  readonly from: string;
  readonly signal: AbortSignal;
};
export type ParseApart = <Rest extends unknown[], Value>(
  parser: Parser<Rest, Value>,
  given: ToParse,
  ...rest: Rest
) => Promise<Value>;

/** @throws what the parser throws, the signal's reason, and ThreadEnded for bytes that take too much memory or time. */
export function createParseApart(script = new URL('./parse.worker.ts', import.meta.url)): ParseApart {
  const keep = (): KeptThread<ParseTalk> =>
    keepThread<ParseTalk>(script, { heapMb: HEAP_MB, hangsAfterMs: LETS_GO_MS });
  const line = createThreadLine([keep(), keep()]);
  const asksNothing = (): Promise<never> => Promise.reject(new Error('a parser asks nothing'));
  return async <Rest extends unknown[], Value>(
    { module, parse }: Parser<Rest, Value>,
    { bytes, unpacksTo = bytes.length, from, signal }: ToParse,
    ...rest: Rest
  ): Promise<Value> => {
    const own = toOwn(bytes);
    if (unpacksTo <= HERE_BYTES) return parse(own, ...rest);
    const task = { module, name: parse.name, bytes: own, rest };
    const outcome = await line(
      from,
      (thread) => thread.do(giving(task, own.buffer), asksNothing, signal),
      signal,
    );
    if (outcome.kind === 'problem') throw new Problem(outcome.code, outcome.detail);
    return outcome.value as Value;
  };
}

/** The threads of this process. They start with the first large input, and end when none comes for a while. */
export const parseApart = createParseApart();
