/**
 * Blanks the boxes that a person drew in a file, before any policy is applied. The result is written piece by piece
 * into a Blob, which the browser may keep on its disk: only one frame is in memory at a time.
 */
import type { Box, CoveredBoxes } from '../dicom/boxes.ts';
import type { ByteSource } from '../dicom/data-set.ts';
import { readInstance } from '../dicom/part10.ts';
import type { Codecs } from '../pixels/codecs.ts';
import { coverPixels, NotCoverable } from '../pixels/cover-pixels.ts';
import type { NotSent } from './refusing-unreadable.ts';

/** Boxes that a person drew over names, and the decoders for compressed pixels. */
export interface Cover {
  readonly boxes: readonly Box[];
  readonly codecs: Codecs;
}

/** The boxes that a person drew, by the `ordinal` of each file that the person looked at. */
export type Released = ReadonlyMap<number, readonly Box[]>;

interface CoveredFile {
  readonly kind: 'covered';
  readonly file: Blob;
  readonly boxes: CoveredBoxes;
}

/** Throws what reading the source throws, or the signal's reason. */
export async function coverFile(
  source: ByteSource,
  { boxes, codecs }: Cover,
  signal?: AbortSignal,
): Promise<CoveredFile | NotSent> {
  const read = await readInstance(source, signal, 'replaced');
  if (read.kind === 'refused') return read;
  const covered = await coverPixels(read.instance, boxes, { codecs, signal });
  if (covered.kind === 'refused') return covered;
  const parts: Blob[] = [];
  try {
    for await (const piece of covered.pieces()) parts.push(new Blob([piece]));
  } catch (error) {
    if (error instanceof NotCoverable) return { kind: 'refused', because: 'cannot-be-covered' };
    throw error;
  }
  return { kind: 'covered', file: new Blob(parts), boxes: covered.boxes };
}
