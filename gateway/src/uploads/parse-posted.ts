/**
 * Parses the large JSON bodies of an upload (a manifest, a ticket from a stick, decisions about its instances). Runs in
 * a thread: for 12 MiB of untrusted input, unpacking, parsing and comparing with the schema take seconds. Ratio and
 * shape (parse-json.ts) are limited before any value is made.
 */
import { setImmediate } from 'node:timers/promises';
import type { z } from 'zod';
import { decisionSchema } from '#shared/protocol/api.ts';
import { MANIFEST_INSTANCE_LIMIT } from '#shared/protocol/limits.ts';
import { ticketSchema } from '#shared/protocol/stick.ts';
import { MANIFEST_BYTES_LIMIT, manifestSchema } from '#shared/protocol/manifest.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { joinBytes } from '../threads/gather-bytes.ts';
import { invalidRequest } from '../http/invalid-request.ts';
import { partsOf } from '../threads/in-turns.ts';
import { parserIn } from '../threads/parse-apart.ts';
import { parseJson } from '../threads/parse-json.ts';

const SCHEMAS = { manifest: manifestSchema, decision: decisionSchema, ticket: ticketSchema } as const;
export type PostedKind = keyof typeof SCHEMAS;
export type Posted<K extends PostedKind> = z.infer<(typeof SCHEMAS)[K]>;

/** Manifests compress to a twelfth at best: half of each line is a digest. */
const RATIO_LIMIT = 50;
/** The ratio is not limited for bodies that unpack to at most this size. */
const RATIO_FROM_BYTES = 256 * 1024;

/** @throws Problem body-too-large, bad-request, invalid-request, too-many-instances. */
export async function parsePosted<K extends PostedKind>(
  bytes: Uint8Array<ArrayBuffer>,
  kind: K,
  isGzip: boolean,
): Promise<Posted<K>> {
  return parse(kind, isGzip ? await inflate(bytes) : bytes) as Posted<K>;
}

/** A promise as a thread passes it on: cloning 20 000 instances would block the event loop for 50 ms. */
type PostedInPieces = { readonly posted: unknown; readonly instances: readonly Uint8Array[] };

/** Like `parsePosted`, with the instances in pieces. @throws as `parsePosted` */
export async function parseInPieces(
  bytes: Uint8Array<ArrayBuffer>,
  kind: PostedKind,
  isGzip: boolean,
): Promise<PostedInPieces> {
  const posted = await parsePosted(bytes, kind, isGzip);
  const promise = promiseIn(kind, posted) as Promised;
  const instances = promise.instances?.splice(0) ?? [];
  return { posted, instances: Array.from(partsOf(instances), (part) => Buffer.from(JSON.stringify(part))) };
}
export const POSTED = parserIn(import.meta.url, parseInPieces);
type Promised = { readonly instances?: unknown[] };

/** Puts the instances back, over several turns of the event loop. */
export async function joinPieces<K extends PostedKind>(
  kind: K,
  { posted, instances }: PostedInPieces,
): Promise<Posted<K>> {
  const promise = promiseIn(kind, posted) as Promised;
  for (const piece of instances) {
    promise.instances!.push(...(JSON.parse(new TextDecoder().decode(piece)) as unknown[]));
    await setImmediate();
  }
  return posted as Posted<K>;
}

/** The most bytes that a gzip body may unpack to. */
const unpackedLimit = (gzip: Uint8Array): number =>
  Math.min(MANIFEST_BYTES_LIMIT, Math.max(RATIO_FROM_BYTES, gzip.length * RATIO_LIMIT));

const SIZE_BYTES = 4;
/** The unpacked size of a gzip body as its trailer states it (RFC 1952 §2.3.1, ISIZE), and no more than its limit. */
export function unpackedSize(gzip: Uint8Array): number {
  if (gzip.length < SIZE_BYTES) return 0;
  const end = new DataView(gzip.buffer, gzip.byteOffset + gzip.length - SIZE_BYTES, SIZE_BYTES);
  return Math.min(unpackedLimit(gzip), end.getUint32(0, true));
}

/** Throws `body-too-large`, and `bad-request` where the body is no gzip, or is longer than its trailer states. */
async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await joinBytes(limited(new Blob([bytes]).stream(), bytes));
  } catch (error) {
    // Compression Standard: a body that is malformed, or continues after its end, causes a TypeError.
    throw error instanceof TypeError ? new Problem('bad-request') : error;
  }
}

async function* limited(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  gzip: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const limit = unpackedLimit(gzip);
  const said = unpackedSize(gzip);
  let size = 0;
  for await (const piece of body.pipeThrough(new DecompressionStream('gzip'))) {
    size += piece.length;
    if (size > limit) throw new Problem('body-too-large');
    if (size > said) throw new Problem('bad-request');
    yield piece;
  }
}

function parse(kind: PostedKind, bytes: Uint8Array): Posted<PostedKind> {
  const json = parseJson(bytes);
  // Checked before the schema, which would look at each instance.
  const { instances } = (promiseIn(kind, json) ?? {}) as { readonly instances?: unknown };
  if (Array.isArray(instances) && instances.length > MANIFEST_INSTANCE_LIMIT)
    throw kind !== 'decision'
      ? new Problem('too-many-instances')
      : new Problem('invalid-request', `Invalid: instances (expected: at most ${MANIFEST_INSTANCE_LIMIT}).`);
  const outcome = SCHEMAS[kind].safeParse(json);
  if (outcome.success) return outcome.data;
  throw invalidRequest(outcome.error.issues, 'json');
}

/** The part of the body that names instances. */
function promiseIn(kind: PostedKind, json: unknown): unknown {
  return kind === 'ticket' ? (json as { readonly manifest?: unknown } | null)?.manifest : json;
}
