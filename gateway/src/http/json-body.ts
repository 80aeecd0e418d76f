/**
 * JSON bodies that are checked by a schema. Large ones are parsed in a thread, and the number of values is limited to
 * what a schema may check on the event loop.
 */
import type { z } from 'zod';
import { Problem } from '#shared/protocol/problem.ts';
import { parseApart, parserIn, type ParseApart, type Parser, type ToParse } from '../threads/parse-apart.ts';
import { parseJson } from '../threads/parse-json.ts';
import { ThreadEnded } from '../threads/thread.ts';
import { joinBytes } from '../threads/gather-bytes.ts';
import { holdBody } from './hold-body.ts';
import { invalidRequest } from './invalid-request.ts';
import { readLimited } from './read-multipart.ts';

/**
 * 64 KiB of UUIDs are 1 700 values; 200 cases with ten tags are 4 200. A schema checks this many invalid values in 30
 * ms.
 */
export const VALUES_LIMIT = 5_000;

export const parseJsonBody = (bytes: Uint8Array): unknown => parseJson(bytes, { values: VALUES_LIMIT });
const BODY = parserIn(import.meta.url, parseJsonBody);

/** The longest silence. */
const QUIET_MS = 30_000;

/** RFC 6839 §3.1: any type that ends with +json. */
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

export const isJson = (contentType: string | undefined): boolean => JSON_TYPE.test(contentType ?? '');

/** @throws Problem invalid-request, bad-request, body-too-large. */
export const readJson = (given: ToParse): Promise<unknown> => parseBody(BODY, given);

type Judging = {
  readonly request: Request;
  readonly from: string;
  readonly bytesLimit: number;
};

/**
 * For JSON bodies with more values than may be checked on the event loop: `parser` checks them against their schema, in
 * a thread. @throws Problem unsupported-media-type, invalid-request, bad-request, body-too-large.
 */
export async function readJudged<Rest extends unknown[], Value>(
  { request, from, bytesLimit }: Judging,
  parser: Parser<Rest, Value>,
  ...rest: Rest
): Promise<Value> {
  const { headers, signal } = request;
  if (!isJson(headers.get('content-type') ?? '')) throw new Problem('unsupported-media-type');
  return holdBody({ request, from, heldBytes: bytesLimit }, async (pieces) => {
    const bytes = await joinBytes(readLimited(pieces, { bytes: bytesLimit, quietMs: QUIET_MS }));
    return parseBody(parser, { bytes, from, signal }, ...rest);
  });
}

/** Checks the body within such a parser. @throws Problem invalid-request, bad-request. */
export function judgeJson<S extends z.ZodType>(schema: S, bytes: Uint8Array): z.infer<S> {
  const outcome = schema.safeParse(parseJson(bytes));
  if (outcome.success) return outcome.data;
  throw invalidRequest(outcome.error.issues, 'json');
}

/** Makes `parse` throw Problem body-too-large where parsing takes too much memory or time. */
export const parsingBodies =
  (parse: ParseApart): ParseApart =>
  (parser, given, ...rest) =>
    parse(parser, given, ...rest).catch((error: unknown) => {
      throw error instanceof ThreadEnded ? new Problem('body-too-large') : error;
    });
export const parseBody = parsingBodies(parseApart);
