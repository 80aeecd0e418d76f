/**
 * Inflates the Data Set of a deflated transfer syntax (PS3.5 §A.5: "compressed … as described in RFC 1951",
 * no zlib header). The result is held in memory, so two limits apply: its bytes, and its ratio to the
 * compressed bytes.
 */
import { ignoreFailure } from '../ignore-failure.ts';
import type { ReasonCode } from '../protocol/reasons.ts';
import { chunksSource } from './byte-source.ts';
import type { ByteSource } from './data-set.ts';
import { readUint32 } from './element-header.ts';
import {
  INFLATED_BYTES_LIMIT,
  INFLATION_RATIO_FROM_BYTES,
  INFLATION_RATIO_LIMIT,
  LARGEST_READ_BYTES,
} from './limits.ts';

const GZIP_TRAILER_BYTES = 8;
const PIECE_BYTES = LARGEST_READ_BYTES / 16;
/**
 * How many bytes are fed at a time. A browser accepts the next piece once this one has been read, so an error discards
 * only what its own piece inflates to.
 */
const FRONT_PIECE_BYTES = 64;

type InflateOutcome =
  | { readonly kind: 'inflated'; readonly dataSet: ByteSource }
  | { readonly kind: 'refused'; readonly because: ReasonCode };

/**
 * The first bytes, at most `length`, of the data inflated from `start`, even if the source is cut or damaged further
 * on.
 */
export async function inflateFront(
  source: ByteSource,
  start: number,
  length: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const inflater = new DecompressionStream('deflate-raw');
  const reader = inflater.readable.getReader();
  const feeding = ignoreFailure(
    feed(
      inflater.writable.getWriter(),
      source,
      { start, end: source.size, piece: FRONT_PIECE_BYTES },
      signal,
    ),
    'what was inflated before is read',
  );
  const front = new Uint8Array(length);
  let filled = 0;
  try {
    while (filled < length) {
      const { done, value } = await reader.read();
      if (done) break;
      const some = value.subarray(0, length - filled);
      front.set(some, filled);
      filled += some.length;
    }
  } catch {
    signal?.throwIfAborted();
  } finally {
    await ignoreFailure(reader.cancel(), 'the stream has ended or failed');
    await feeding;
  }
  return front.subarray(0, filled);
}

/** Inflates everything from `start` to the end of the source. */
export async function inflateDataSet(
  source: ByteSource,
  start: number,
  signal?: AbortSignal,
): Promise<InflateOutcome> {
  const outcome = await inflateRange(source, start, source.size, signal);
  if (
    outcome.kind === 'inflated' ||
    outcome.because === 'expansion-limit' ||
    source.size - start <= GZIP_TRAILER_BYTES
  )
    return outcome;
  const tail = await source.read(source.size - GZIP_TRAILER_BYTES, GZIP_TRAILER_BYTES);
  // PS3.5 §A.5: an odd number of deflated bytes is followed by "a single trailing NULL byte", which inflaters reject.
  if (tail[GZIP_TRAILER_BYTES - 1] === 0) {
    const unpadded = await inflateRange(source, start, source.size - 1, signal);
    if (unpadded.kind === 'inflated') return unpadded;
  }
  // Some writers append the trailer of gzip (RFC 1952 §2.3.1: CRC-32 and length) to the compressed bytes.
  const bare = await inflateRange(source, start, source.size - GZIP_TRAILER_BYTES, signal);
  return bare.kind === 'inflated' && readUint32(tail, 4, false) === bare.dataSet.size ? bare : outcome;
}

async function inflateRange(
  source: ByteSource,
  start: number,
  end: number,
  signal?: AbortSignal,
): Promise<InflateOutcome> {
  const compressed = end - start;
  const inflater = new DecompressionStream('deflate-raw');
  const reader = inflater.readable.getReader();
  const feeding = ignoreFailure(
    feed(inflater.writable.getWriter(), source, { start, end, piece: PIECE_BYTES }, signal),
    'the reader sees the same failure',
  );
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      const tooDense = bytes > INFLATION_RATIO_FROM_BYTES && bytes > compressed * INFLATION_RATIO_LIMIT;
      if (bytes > INFLATED_BYTES_LIMIT || tooDense) return { kind: 'refused', because: 'expansion-limit' };
      chunks.push(value);
    }
    return { kind: 'inflated', dataSet: chunksSource(chunks) };
  } catch (error) {
    signal?.throwIfAborted();
    return { kind: 'refused', because: isCutShort(error) ? 'truncated' : 'not-parseable' };
  } finally {
    await ignoreFailure(reader.cancel(), 'the stream has ended or failed');
    await feeding;
  }
}

/** The methods of a stream's writer used here. Its DOM type names BufferSource, which Node's types lack. */
type Writer = {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  close(): Promise<void>;
  abort(reason: unknown): Promise<void>;
};

async function feed(
  writer: Writer,
  source: ByteSource,
  { start, end, piece }: { readonly start: number; readonly end: number; readonly piece: number },
  signal?: AbortSignal,
): Promise<void> {
  try {
    for (let offset = start; offset < end; offset += piece) {
      signal?.throwIfAborted();
      const bytes = await source.read(offset, Math.min(piece, end - offset));
      await writer.write(bytes as Uint8Array<ArrayBuffer>);
    }
    await writer.close();
  } catch (error) {
    await ignoreFailure(writer.abort(error), 'the stream has failed already');
    throw error;
  }
}

/**
 * Whether the input was truncated. Engines report this only in the message: "unexpected end of file" (Node),
 * "Compressed input was truncated." (Chromium), "incomplete" (WebKit).
 */
function isCutShort(error: unknown): boolean {
  const { message, code, cause } = error as {
    message?: unknown;
    code?: unknown;
    cause?: { code?: unknown; message?: unknown };
  };
  return /Z_BUF_ERROR|unexpected end|truncated|incomplete|without enough/i.test(
    `${message} ${code} ${cause?.code} ${cause?.message}`,
  );
}
