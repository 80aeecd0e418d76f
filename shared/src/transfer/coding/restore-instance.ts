/**
 * Restores an instance that was sent coded. The coded bytes are not trusted: lengths are checked against the promised
 * size and the segment size before anything is allocated, images must have the size that their segment needs, and every
 * segment's checksum is verified. The digest is not checked here; verify computes it over the restored bytes.
 */
import type { ByteSource } from '../../dicom/data-set.ts';
import {
  adler32,
  CodingError,
  FORMAT_VERSION,
  parseSegmentHeader,
  SEGMENT_HEADER_BYTES,
  VERSION_BYTES,
  type SegmentHeader,
} from './coded-format.ts';
import { decodeJpegLS } from './jpeg-ls-decoder.ts';
import { fromGrey } from './strip-transform.ts';
import { inflateBytes, inflateSource } from './zlib-format.ts';

/**
 * The bytes of the instance in order, in pieces of at most 2 MiB, exactly `expectedBytes` in total. Throws CodingError
 * if the coded bytes are damaged or the encoding is unknown. Earlier pieces may then be wrong too, so use them only
 * once all have come. Also throws the signal's reason when aborted, and what `source.read` throws. One piece keeps a
 * thread busy for up to 40 ms.
 */
export async function* restoreInstance(
  source: ByteSource,
  encoding: string,
  expectedBytes: number,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (encoding !== 'x-jls' && encoding !== 'deflate') throw new CodingError('an encoding that is not known');
  const pieces =
    encoding === 'deflate' ? inflateSource(source, expectedBytes) : restoreSegments(source, expectedBytes);
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    yield piece;
  }
}

async function* restoreSegments(
  source: ByteSource,
  expectedBytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const [version] = await source.read(0, VERSION_BYTES);
  if (version !== FORMAT_VERSION) throw new CodingError('a version that is not known');
  let left = expectedBytes;
  for (let at = VERSION_BYTES; at < source.size; ) {
    const { header, length } = parseSegmentHeader(
      await source.read(at, Math.min(SEGMENT_HEADER_BYTES, source.size - at)),
    );
    const next = at + length + header.codedBytes;
    if (next > source.size) throw new CodingError('a segment is cut');
    left -= header.restoredBytes;
    if (left < 0) throw new CodingError('more bytes than were promised');
    const restored = await restoreSegment(await source.read(at + length, header.codedBytes), header);
    if (restored.length !== header.restoredBytes || adler32(restored) !== header.adler32)
      throw new CodingError('a segment is damaged');
    yield restored;
    at = next;
  }
  if (left > 0) throw new CodingError('fewer bytes than were promised');
}

async function restoreSegment(coded: Uint8Array, header: SegmentHeader): Promise<Uint8Array<ArrayBuffer>> {
  switch (header.kind) {
    case 'raw':
      return coded as Uint8Array<ArrayBuffer>;
    case 'deflate':
      return inflateBytes(coded, header.restoredBytes);
    default: {
      const samples = decodeJpegLS(coded, header.image);
      if (!samples) throw new CodingError('an image cannot be decoded');
      return fromGrey(samples, header.kind, header.image.base);
    }
  }
}
