/**
 * Random access to bytes in memory, in a Blob (a file of the browser, or `fs.openAsBlob` in Node), or in a part of
 * another source. Nothing here keeps what it has read.
 */
import type { ByteRange, ByteSource } from './data-set.ts';

/** A Blob as a source. Only the bytes that `read` asks for are read into memory. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    async read(offset, length) {
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    },
  };
}

/** Bytes in memory as a source. `read` returns views, not copies, so they must not be modified. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
}

/** Pieces from a stream as a source. They are not joined, because that would take the memory twice. */
export function chunksSource(chunks: readonly Uint8Array[]): ByteSource {
  const ends: number[] = [];
  for (const chunk of chunks) ends.push((ends[ends.length - 1] ?? 0) + chunk.length);
  const size = ends[ends.length - 1] ?? 0;
  return {
    size,
    async read(offset, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      let which = ends.findIndex((end) => end > offset);
      for (let filled = 0; filled < bytes.length; which++) {
        const chunk = chunks[which]!;
        const from = offset + filled - (ends[which]! - chunk.length);
        const part = chunk.subarray(from, from + bytes.length - filled);
        bytes.set(part, filled);
        filled += part.length;
      }
      return bytes;
    },
  };
}

/** Concatenates sources. */
export function joinedSource(sources: readonly ByteSource[]): ByteSource {
  const starts: number[] = [];
  let size = 0;
  for (const source of sources) {
    starts.push(size);
    size += source.size;
  }
  return {
    size,
    async read(offset, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      for (const [which, source] of sources.entries()) {
        const start = starts[which]!;
        const from = Math.max(offset, start);
        const to = Math.min(offset + bytes.length, start + source.size);
        if (from < to) bytes.set(await source.read(from - start, to - from), from - offset);
      }
      return bytes;
    },
  };
}

/** A part of a source, with offsets of its own. Throws RangeError if the range is not inside the source. */
export function rangeSource(source: ByteSource, range: ByteRange): ByteSource {
  const isInside = range.offset >= 0 && range.length >= 0 && range.offset + range.length <= source.size;
  if (!isInside) throw new RangeError('range outside of its source');
  return {
    size: range.length,
    read: (offset, length) =>
      source.read(range.offset + offset, Math.max(0, Math.min(length, range.length - offset))),
  };
}
