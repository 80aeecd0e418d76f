/**
 * The large JSON bodies of an upload (a manifest, decisions about its instances) from bytes to values. Runs in
 * a thread (posted.worker.ts): of 12 MiB that a stranger wrote, unpacking, parsing and comparing with the
 * schema take seconds. Depth, number of values and ratio are limited before anything is made of them.
 */
import type { z } from 'zod';
import { decisionSchema } from '#shared/protocol/api.ts';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { MANIFEST_INSTANCE_LIMIT } from '#shared/protocol/limits.ts';
import { MANIFEST_BYTES_LIMIT, manifestSchema } from '#shared/protocol/manifest.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { joinBytes } from '../http/gather-bytes.ts';
import { invalidRequest } from '../http/invalid-request.ts';

const SCHEMAS = { manifest: manifestSchema, decision: decisionSchema } as const;
export type PostedKind = keyof typeof SCHEMAS;
export type Posted<K extends PostedKind> = z.infer<(typeof SCHEMAS)[K]>;

export type PostedOutcome =
  | { readonly kind: 'read'; readonly value: Posted<PostedKind> }
  | { readonly kind: 'problem'; readonly code: AnyProblemCode; readonly detail: string | undefined };

/** Manifests shrink to a twelfth at best: half of each line is a digest. */
const RATIO_LIMIT = 50;
/** A body of this size may shrink as it likes. */
const RATIO_FROM_BYTES = 256 * 1024;
/** A manifest has 7: its answers of models are objects within an instance. */
const DEPTH_LIMIT = 16;
/** 20 000 instances have some 25 values each, and a manifest's reports 40 000 actions at most. */
const VALUES_LIMIT = 1_000_000;

export async function parsePosted(
  kind: PostedKind,
  bytes: Uint8Array<ArrayBuffer>,
  isGzip: boolean,
): Promise<PostedOutcome> {
  try {
    const plain = isGzip ? await inflate(bytes) : bytes;
    requireShape(plain);
    return { kind: 'read', value: parse(kind, plain) };
  } catch (error) {
    if (error instanceof Problem) return { kind: 'problem', code: error.code, detail: error.detail };
    throw error;
  }
}

/** The most bytes that a body of so many bytes in gzip may unpack to. */
export const unpackedLimit = (bytes: number): number =>
  Math.min(MANIFEST_BYTES_LIMIT, Math.max(RATIO_FROM_BYTES, bytes * RATIO_LIMIT));

/** Throws `body-too-large`, and `bad-request` for what is no gzip. */
async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await joinBytes(limited(new Blob([bytes]).stream(), unpackedLimit(bytes.length)));
  } catch (error) {
    // Compression Standard: a body that is malformed, or continues after its end, is a TypeError.
    throw error instanceof TypeError ? new Problem('bad-request') : error;
  }
}

async function* limited(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  limit: number,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of body.pipeThrough(new DecompressionStream('gzip'))) {
    size += piece.length;
    if (size > limit) throw new Problem('body-too-large');
    yield piece;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** [ and {, ] and }. */
const OPENERS = [0x5b, 0x7b];
const CLOSERS = [0x5d, 0x7d];

/** Throws `invalid-request` where JSON is nested too deeply, or has more values than any manifest. */
function requireShape(bytes: Uint8Array): void {
  let depth = 0;
  let values = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (byte === QUOTE) isText = !isText;
    else if (isText) at += byte === BACKSLASH ? 1 : 0;
    else if (OPENERS.includes(byte)) {
      depth += 1;
      values += 1;
    } else if (CLOSERS.includes(byte)) depth -= 1;
    else if (byte === COMMA) values += 1;
    if (depth > DEPTH_LIMIT) throw new Problem('invalid-request', 'Invalid: json (nested too deeply).');
    if (values > VALUES_LIMIT) throw new Problem('invalid-request', 'Invalid: json (too many values).');
  }
}

function parse(kind: PostedKind, bytes: Uint8Array): Posted<PostedKind> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new Problem('bad-request');
  }
  // Before the schema, which would look at each of them.
  const { instances } = (json ?? {}) as { readonly instances?: unknown };
  if (Array.isArray(instances) && instances.length > MANIFEST_INSTANCE_LIMIT)
    throw kind === 'manifest'
      ? new Problem('too-many-instances')
      : new Problem('invalid-request', `Invalid: instances (expected: at most ${MANIFEST_INSTANCE_LIMIT}).`);
  const outcome = SCHEMAS[kind].safeParse(json);
  if (outcome.success) return outcome.data;
  throw invalidRequest(outcome.error.issues, 'json');
}
