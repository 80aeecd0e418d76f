/**
 * Reads the large JSON bodies of an upload. They may come as gzip (RFC 9110 §8.4.1.3): a manifest has a line
 * for each instance, and a slow link carries a sixth of it. A thread parses them.
 *
 * Of all that is held at once the sum is limited, and less for one account: of bodies while they come, by the
 * bytes that were announced; then, until they are answered, by the bytes that they may unpack to. Further ones
 * wait unread, a few of them, and the next are refused.
 */
import { MANIFEST_BYTES_LIMIT } from '#shared/protocol/manifest.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { joinBytes } from '../http/gather-bytes.ts';
import { createPlaces } from '../http/places.ts';
import { readLimited } from '../http/read-multipart.ts';
import { parseBody } from '../http/json-body.ts';
import type { ParseApart } from '../threads/parse-apart.ts';
import { POSTED, unpackedLimit, type Posted, type PostedKind } from './parse-posted.ts';

const MIB = 1024 * 1024;
/**
 * A large study in gzip has 2 MB: ten of one account may come at once over slow links, and twice as many of
 * others.
 */
const COMING = { atOnce: 64 * MIB, ofOne: 24 * MIB };
/** In memory a manifest takes some four times its bytes: three of the largest, and one of one account. */
const HELD = { atOnce: 40 * MIB, ofOne: 16 * MIB };
/** A request that brings next to nothing costs as much. */
const LEAST_BYTES = 64 * 1024;
/** A manifest of 20 000 instances has 2 MB in gzip: four minutes at 64 kbit/s. */
const TIMES = { quietMs: 30_000, totalMs: 300_000 };

/**
 * Reads the body and gives what it says to `use`, until whose end it counts as held. Throws what `use` throws,
 * and Problem: `unsupported-media-type`, `body-too-large`, `bad-request`, `invalid-request`,
 * `too-many-instances`, `rate-limited`.
 */
export type ReadPosted = <K extends PostedKind, T>(
  kind: K,
  request: Request,
  accountId: string,
  use: (posted: Posted<K>) => Promise<T>,
) => Promise<T>;

/** One body after the other, of each account in turn. */
export function createPostedReader(parse: ParseApart = parseBody): ReadPosted {
  const coming = createPlaces(COMING);
  const held = createPlaces(HELD);

  async function take(request: Request, accountId: string, isGzip: boolean) {
    const leave = await coming.enter(accountId, request.signal, announcedBytes(request));
    try {
      const bytes = await joinBytes(bodyOf(request));
      const size = isGzip ? unpackedLimit(bytes.length) : Math.max(bytes.length, LEAST_BYTES);
      return { bytes, forget: await held.enter(accountId, request.signal, size) };
    } finally {
      leave();
    }
  }

  return async <K extends PostedKind, T>(
    kind: K,
    request: Request,
    accountId: string,
    use: (posted: Posted<K>) => Promise<T>,
  ) => {
    const isGzip = requireForm(request.headers);
    const { bytes, forget } = await take(request, accountId, isGzip);
    try {
      const unpacksTo = isGzip ? unpackedLimit(bytes.length) : bytes.length;
      const given = { bytes, unpacksTo, from: accountId, signal: request.signal };
      return await use((await parse(POSTED, given, kind, isGzip)) as Posted<K>);
    } finally {
      forget();
    }
  };
}

/** One that says nothing of its length may have them all. */
function announcedBytes({ headers }: Request): number {
  const length = Number(headers.get('content-length') ?? MANIFEST_BYTES_LIMIT);
  return Math.min(Math.max(length, LEAST_BYTES), MANIFEST_BYTES_LIMIT);
}

/** Whether the body is gzip. RFC 9110 §15.5.16: 415 for a type or a coding that is not taken. */
function requireForm(headers: Headers): boolean {
  const coding = headers.get('content-encoding') ?? 'identity';
  const type = headers.get('content-type') ?? '';
  if (!/^application\/json\s*(?:;|$)/i.test(type) || (coding !== 'identity' && coding !== 'gzip'))
    throw new Problem('unsupported-media-type');
  return coding === 'gzip';
}

async function* bodyOf({ body }: Request): AsyncGenerator<Uint8Array> {
  if (body !== null) yield* readLimited(body, { ...TIMES, bytes: MANIFEST_BYTES_LIMIT });
}
