/**
 * The zlib format (RFC 1950), which HTTP calls `deflate`, with the streams of the platform, in the page and in Node.
 * Inflating is bounded: it throws CodingError at the first byte too many.
 */
import { ignoreFailure } from '../../ignore-failure.ts';
import { bytesSource } from '../../dicom/byte-source.ts';
import type { ByteSource } from '../../dicom/data-set.ts';
import { concatBytes } from '../../dicom/encode.ts';
import { CodingError } from './coded-format.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The size of a piece fed to an inflater. It grows at most 1032-fold, so the bytes waiting inside the stream stay below
 * 17 MiB.
 */
const INFLATED_PIECE_BYTES = 16 * 1024;
const DEFLATED_PIECE_BYTES = 256 * 1024;

/** The size of a sample, and the number of samples tested: a few milliseconds in all. */
const SAMPLE_BYTES = 16 * 1024;
const SAMPLES = 4;

/**
 * A coded instance (or a run of its bytes) must shrink to this fraction of its size, or it is sent uncoded: decoding
 * costs the gateway work too.
 */
export const WORTHWHILE_RATIO = 0.95;

/** The deflated bytes of `source`, in pieces. Throws what `source.read` throws. */
export function deflateSource(source: ByteSource): AsyncGenerator<Bytes> {
  return passThrough(new CompressionStream('deflate'), source, DEFLATED_PIECE_BYTES);
}

export async function deflateBytes(bytes: Uint8Array): Promise<Bytes> {
  const deflated: Bytes[] = [];
  for await (const chunk of deflateSource(bytesSource(bytes))) deflated.push(chunk);
  return concatBytes(deflated) as Bytes;
}

/**
 * Whether deflate shrinks `source` enough to be worth its time. Tests a few evenly spread samples without reading the
 * rest.
 */
export async function deflateHelps(source: ByteSource): Promise<boolean> {
  const isSmall = source.size <= SAMPLES * SAMPLE_BYTES;
  const step = Math.floor((source.size - SAMPLE_BYTES) / (SAMPLES - 1));
  const offsets = isSmall ? [0] : Array.from({ length: SAMPLES }, (_, i) => i * step);
  const samples = await Promise.all(
    offsets.map((offset) => source.read(offset, isSmall ? source.size : SAMPLE_BYTES)),
  );
  const sample = concatBytes(samples);
  return (await deflateBytes(sample)).length < WORTHWHILE_RATIO * sample.length;
}

/**
 * The inflated bytes of `source`, in pieces, up to the promised size. Throws CodingError if they are damaged (perhaps
 * only at the end, where the checksum is) or not exactly `expectedBytes`, and what `source.read` throws.
 */
export async function* inflateSource(source: ByteSource, expectedBytes: number): AsyncGenerator<Bytes> {
  let left = expectedBytes;
  for await (const chunk of passThrough(new DecompressionStream('deflate'), source, INFLATED_PIECE_BYTES)) {
    left -= chunk.length;
    if (left < 0) throw new CodingError('more bytes than were promised');
    yield chunk;
  }
  if (left > 0) throw new CodingError('fewer bytes than were promised');
}

/** The inflated bytes, in memory. Throws CodingError as inflateSource does. */
export async function inflateBytes(deflated: Uint8Array, expectedBytes: number): Promise<Bytes> {
  const bytes = new Uint8Array(expectedBytes);
  let filled = 0;
  for await (const chunk of inflateSource(bytesSource(deflated), expectedBytes)) {
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  return bytes;
}

/**
 * The parts of a stream's writer that are used here. The DOM's own type refers to BufferSource, which Node's types
 * lack.
 */
type Writer = {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(reason: unknown): Promise<void>;
};

/**
 * The output of `stream` for the input `source`. Throws the errors of the source, and CodingError for data
 * that the stream rejects.
 */
async function* passThrough(
  stream: CompressionStream | DecompressionStream,
  source: ByteSource,
  pieceBytes: number,
): AsyncGenerator<Bytes> {
  const reader = (stream.readable as ReadableStream<Bytes>).getReader();
  let unreadable: { readonly because: unknown } | null = null;
  const feeding = feed(
    stream.writable.getWriter() as Writer,
    source,
    pieceBytes,
    (because) => (unreadable = { because }),
  );
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw unreadable ? unreadable.because : new CodingError('the deflated bytes are damaged');
      });
      if (done) return;
      yield value;
    }
  } finally {
    await ignoreFailure(reader.cancel(), 'a stream that failed is over already');
    await feeding;
  }
}

/** Never rejects: an error of the source goes to `onUnreadable`; an error of the stream reaches its reader. */
async function feed(
  writer: Writer,
  source: ByteSource,
  pieceBytes: number,
  onUnreadable: (because: unknown) => void,
): Promise<void> {
  for (let offset = 0; offset < source.size; offset += pieceBytes) {
    const bytes = await source
      .read(offset, Math.min(pieceBytes, source.size - offset))
      .catch((error: unknown) => onUnreadable(error));
    if (!bytes)
      return ignoreFailure(writer.abort(new CodingError('the source cannot be read')), 'the reader tells');
    const isTaken = await writer.write(bytes).then(
      () => true,
      () => false,
    );
    if (!isTaken) return;
  }
  await ignoreFailure(writer.close(), 'the reader tells');
}
