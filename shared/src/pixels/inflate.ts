/**
 * Inflates data of known size. Nothing beyond that size is ever held, however much the compressed bytes would expand.
 */
import { ignoreFailure } from '../ignore-failure.ts';

/**
 * Raw deflate (PS3.5 §A.4.12, RFC 1951). Returns exactly `length` bytes; null if there are fewer, or the compressed
 * bytes are damaged.
 */
export async function inflateFrame(compressed: Uint8Array, length: number): Promise<Uint8Array | null> {
  // An odd number of bytes is padded by one NUL, which inflaters reject.
  const unpadded = compressed[compressed.length - 1] === 0 ? compressed.subarray(0, -1) : compressed;
  return (
    (await inflated(compressed, 'deflate-raw', length)) ?? (await inflated(unpadded, 'deflate-raw', length))
  );
}

/**
 * `deflate`: with zlib's header (RFC 1950), as PNG uses it. Returns exactly `length` bytes; null if there are fewer or
 * more, or the data is damaged.
 */
export async function inflated(
  compressed: Uint8Array,
  format: 'deflate' | 'deflate-raw',
  length: number,
): Promise<Uint8Array | null> {
  const inflater = new DecompressionStream(format);
  const writer = inflater.writable.getWriter();
  const feeding = ignoreFailure(feed(writer, compressed), 'the reader sees what is missing');
  const reader = inflater.readable.getReader();
  const bytes = new Uint8Array(length);
  let filled = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return filled === length ? bytes : null;
      if (filled + value.length > length) return null;
      bytes.set(value, filled);
      filled += value.length;
    }
  } catch {
    return null;
  } finally {
    await ignoreFailure(reader.cancel(), 'a stream that failed is over already');
    await feeding;
  }
}

/** The methods of a stream's writer used here. */
type Writer = { write(bytes: Uint8Array<ArrayBuffer>): Promise<void>; close(): Promise<void> };

/**
 * The most bytes written at once. A browser inflates everything that was written even if nobody reads: 64 KiB become
 * at most 66 MB.
 */
const PIECE_BYTES = 65_536;

async function feed(writer: Writer, compressed: Uint8Array): Promise<void> {
  for (let at = 0; at < compressed.length; at += PIECE_BYTES)
    await writer.write(compressed.subarray(at, at + PIECE_BYTES) as Uint8Array<ArrayBuffer>);
  await writer.close();
}
