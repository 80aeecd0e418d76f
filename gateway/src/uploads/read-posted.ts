/**
 * Reads the large JSON bodies of an upload. They may come as gzip (RFC 9110 §8.4.1.3): a manifest has a line for each
 * instance, and gzip shrinks it to a sixth for slow links. A thread parses them.
 *
 * While they are received they are held like all bodies (http/hold-body.ts). From then until they are answered, the sum
 * of the sizes that they may unpack to is limited, with a lower limit for one account.
 */
import { MANIFEST_BYTES_LIMIT } from '#shared/protocol/manifest.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { joinBytes } from '../threads/gather-bytes.ts';
import { holdBody, type HoldBody } from '../http/hold-body.ts';
import { createPlaces } from '../http/places.ts';
import { readLimited } from '../http/read-multipart.ts';
import { parseBody } from '../http/json-body.ts';
import type { ParseApart } from '../threads/parse-apart.ts';
import { joinPieces, POSTED, unpackedSize, type Posted, type PostedKind } from './parse-posted.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const MIB = 1024 * 1024;
/**
 * Until it is answered, a manifest takes ten times its size in memory (measured with 20 000 instances: 55 MB of the
 * heap). There is room for two manifests of that size, of which one account may have one; or for one of the largest.
 */
const HELD = { atOnce: MANIFEST_BYTES_LIMIT, ofOne: 6 * MIB };
/** A request with a tiny body counts as this many bytes. */
const LEAST_BYTES = 64 * 1024;
/** A manifest of 20 000 instances has 2 MB in gzip, which takes four minutes at 64 kbit/s. */
const TIMES = { quietMs: 30_000, totalMs: 300_000 };

/** A gzip body that came sealed. Whoever has opened it counts it as held. */
type OpenedBody = { readonly kind: 'opened'; readonly gzip: Bytes; readonly signal: AbortSignal };

/**
 * Reads the body and passes its content to `use`; the body counts as held until `use` has finished. Throws what `use`
 * throws, and Problem: `unsupported-media-type`, `body-too-large`, `bad-request`, `invalid-request`,
 * `too-many-instances`, `rate-limited`.
 */
export type ReadPosted = <K extends PostedKind, T>(
  kind: K,
  body: Request | OpenedBody,
  accountId: string,
  use: (posted: Posted<K>) => Promise<T>,
) => Promise<T>;

/** Reads bodies one after the other; accounts take turns. */
export function createPostedReader(parse: ParseApart = parseBody, hold: HoldBody = holdBody): ReadPosted {
  const held = createPlaces(HELD);

  /** Takes the bytes of a body, with a function that ends their being counted as held. */
  async function take(body: Request | OpenedBody, from: string, isGzip: boolean) {
    const enter = async (bytes: Bytes) => {
      const size = isGzip ? unpackedSize(bytes) : bytes.length;
      return { bytes, forget: await held.enter(from, body.signal, Math.max(size, LEAST_BYTES)) };
    };
    if (isOpened(body)) return enter(body.gzip);
    return hold({ request: body, from, heldBytes: MANIFEST_BYTES_LIMIT }, async (pieces) =>
      enter(await joinBytes(readLimited(pieces, { ...TIMES, bytes: MANIFEST_BYTES_LIMIT }))),
    );
  }

  return async <K extends PostedKind, T>(
    kind: K,
    body: Request | OpenedBody,
    accountId: string,
    use: (posted: Posted<K>) => Promise<T>,
  ) => {
    const isGzip = isOpened(body) || requireForm(body.headers);
    const { bytes, forget } = await take(body, accountId, isGzip);
    try {
      const unpacksTo = isGzip ? unpackedSize(bytes) : bytes.length;
      const given = { bytes, unpacksTo, from: accountId, signal: body.signal };
      return await use(await joinPieces(kind, await parse(POSTED, given, kind, isGzip)));
    } finally {
      forget();
    }
  };
}

const isOpened = (body: Request | OpenedBody): body is OpenedBody => 'kind' in body;

/** Whether the body is gzip. RFC 9110 §15.5.16: 415 for a media type or content coding that is not supported. */
function requireForm(headers: Headers): boolean {
  const coding = headers.get('content-encoding') ?? 'identity';
  const type = headers.get('content-type') ?? '';
  if (!/^application\/json\s*(?:;|$)/i.test(type) || (coding !== 'identity' && coding !== 'gzip'))
    throw new Problem('unsupported-media-type');
  return coding === 'gzip';
}
