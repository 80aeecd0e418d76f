/**
 * Deflates a rewritten Data Set again (PS3.5 §A.5: "the Data Set is deflated"), piece by piece, so that only the
 * deflated bytes are held. Two browsers may produce different deflated bytes, but both inflate to the same Data Set.
 */
import type { ByteSource } from '../dicom/data-set.ts';
import { readSegments, type Segment } from './segments.ts';

/** Returns the deflated bytes of these segments. Rejects if reading `source` does. */
export async function deflateSegments(
  segments: readonly Segment[],
  source: ByteSource,
): Promise<Uint8Array[]> {
  const pieces = readSegments(segments, source);
  const plain = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { value, done } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  const deflated: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of plain.pipeThrough(new CompressionStream('deflate-raw'))) {
    deflated.push(chunk);
    length += chunk.length;
  }
  // PS3.5 §A.5: a deflated bit stream of odd length is followed by one zero byte.
  return length % 2 === 0 ? deflated : [...deflated, new Uint8Array(1)];
}
