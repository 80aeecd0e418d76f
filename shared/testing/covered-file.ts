/** Covers boxes of a file in memory, and compares what is outside and inside of them with what was there before. */
import type { Box } from '#shared/dicom/boxes.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { boxesOn } from '#shared/dicom/boxes.ts';
import { coverPixels } from '#shared/pixels/cover-pixels.ts';
import { decodeFrame } from '#shared/pixels/decode-frame.ts';
import { readFrameShape } from '#shared/pixels/frame-shape.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import type { Frame } from '#shared/pixels/picture.ts';
import { parsed } from './deidentified-file.ts';

export const DECODING = { codecs: loadCodecs() };

export interface CoveredBytes {
  readonly bytes: Uint8Array;
  readonly instance: ParsedInstance;
  /** Boxes as they were applied. */
  readonly boxes: readonly Box[];
}

/** Null where it cannot be covered. Throws where its pixels turn out to be damaged. */
export async function covered(instance: ParsedInstance, boxes: readonly Box[]): Promise<CoveredBytes | null> {
  const outcome = await coverPixels(instance, boxes, DECODING);
  if (outcome.kind === 'refused') return null;
  const pieces: Uint8Array[] = [];
  for await (const piece of outcome.pieces()) pieces.push(piece);
  const bytes = concatBytes(pieces);
  return { bytes, instance: await parsed(bytes), boxes: outcome.boxes };
}

/** The faults of the covered instance, frame by frame; empty: none. `frames`: those that are looked at. */
export async function faultsOf(
  before: ParsedInstance,
  { instance: after, boxes }: CoveredBytes,
  frames?: readonly number[],
): Promise<string[]> {
  const shape = readFrameShape(before);
  if ('because' in shape) return [shape.because];
  const faults: string[] = [];
  for (const frame of frames ?? Array.from({ length: shape.frames }, (_, at) => at)) {
    const [was, is] = await Promise.all(
      [before, after].map((each) => decodeFrame(each, each.dataSet, frame, DECODING)),
    );
    if (was?.kind !== 'frame' || is?.kind !== 'frame') faults.push(`frame ${frame} is not decoded`);
    else
      faults.push(
        ...compared(was.frame, is.frame, boxesOn(boxes, frame)).map((each) => `frame ${frame}: ${each}`),
      );
  }
  return faults;
}

function compared(was: Frame, is: Frame, boxes: readonly Box[]): string[] {
  const { columns, samples } = was;
  if (is.values.length !== was.values.length || is.columns !== columns) return ['it has another size'];
  if (is.photometricInterpretation !== was.photometricInterpretation) return ['it has other colours'];
  const blank: (number | undefined)[] = Array.from({ length: samples });
  let outside = 0;
  let inside = 0;
  for (let at = 0; at < was.values.length; at += 1) {
    const pixel = Math.floor(at / samples);
    const x = pixel % columns;
    const y = Math.floor(pixel / columns);
    const isInside = boxes.some(
      (box) => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height,
    );
    if (!isInside) outside += Object.is(is.values[at], was.values[at]) ? 0 : 1;
    else {
      blank[at % samples] ??= is.values[at];
      inside += is.values[at] === blank[at % samples] ? 0 : 1;
    }
  }
  return [
    ...(outside > 0 ? [`${outside} samples outside of the boxes differ`] : []),
    ...(inside > 0 ? [`${inside} samples inside of a box are not blank`] : []),
  ];
}
