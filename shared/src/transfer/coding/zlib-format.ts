/**
 * The zlib format (RFC 1950), which HTTP calls `deflate`: by the platform's own streams, in the page and in Node. Inflating is bounded: it
 * ends in CodingError with the first byte too many.
 */
import type { ByteSource } from '../../dicom/data-set.ts';
import { CodingError } from './coded-format.ts';

/** A piece that is fed: deflate grows it at most 1032-fold, so that what waits inside a stream stays below 17 MiB. */
const FED_BYTES = 16 * 1024;

/** Bytes of a sample, and how many are looked at: a few milliseconds. */
const SAMPLE_BYTES = 16 * 1024;
const SAMPLES = 4;

/** Coded, an instance (or a run of its bytes) has at most this part of its size, or travels as it is: the gateway has work with it, too. */
export const WORTHWHILE_RATIO = 0.95;

/** The deflated bytes as a Blob: the platform may move them out of memory. */
export async function deflateBlob(bytes: Blob): Promise<Blob> {
  return new Response(bytes.stream().pipeThrough(new CompressionStream('deflate'))).blob();
}

export async function deflateBytes(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'))).arrayBuffer());
}

/** Whether deflate makes so much of `bytes` that it is worth its time: asked of a few samples, evenly spread, without reading the rest. */
export async function deflateHelps(bytes: Blob): Promise<boolean> {
  const whole = bytes.size <= SAMPLES * SAMPLE_BYTES;
  const step = Math.floor((bytes.size - SAMPLE_BYTES) / (SAMPLES - 1));
  const sample = whole ? bytes : new Blob(Array.from({ length: SAMPLES }, (_, i) => bytes.slice(i * step, i * step + SAMPLE_BYTES)));
  return (await deflateBlob(sample)).size < WORTHWHILE_RATIO * sample.size;
}

/** The inflated bytes of `source`, in pieces. Throws CodingError when they are damaged, or more or fewer than `expectedBytes`. */
export async function* inflateSource(source: ByteSource, expectedBytes: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const inflater = new DecompressionStream('deflate');
  const reader = (inflater.readable as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  let unreadable: unknown = null;
  const feeding = feed(inflater.writable.getWriter(), source, (error) => (unreadable = error));
  let left = expectedBytes;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw unreadable ?? new CodingError('the deflated bytes are damaged');
      });
      if (done) break;
      left -= value.length;
      if (left < 0) throw new CodingError('more bytes than were promised');
      yield value;
    }
    if (left > 0) throw new CodingError('fewer bytes than were promised');
  } finally {
    await reader.cancel().catch(() => undefined);
    await feeding;
  }
}

/** What is used of a stream's writer. Its type in the DOM speaks of BufferSource, which Node's types do not have. */
type Writer = { write(bytes: Uint8Array<ArrayBuffer>): Promise<void>; close(): Promise<void>; abort(reason: unknown): Promise<void> };

/** Never rejects: an error of the source is told to `onUnreadable`, one of the inflater is seen by its reader. */
async function feed(writer: Writer, source: ByteSource, onUnreadable: (error: unknown) => void): Promise<void> {
  for (let offset = 0; offset < source.size; offset += FED_BYTES) {
    const bytes = await source.read(offset, Math.min(FED_BYTES, source.size - offset)).catch(onUnreadable);
    if (!bytes) return writer.abort(new CodingError('the source cannot be read')).catch(() => undefined);
    const isTaken = await writer.write(bytes as Uint8Array<ArrayBuffer>).then(() => true, () => false);
    if (!isTaken) return;
  }
  await writer.close().catch(() => undefined);
}

/** The inflated bytes, in memory. Throws CodingError as inflateSource does. */
export async function inflateBytes(source: ByteSource, expectedBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(expectedBytes);
  let filled = 0;
  for await (const chunk of inflateSource(source, expectedBytes)) {
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  return bytes;
}
