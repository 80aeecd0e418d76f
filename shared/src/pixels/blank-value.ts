/**
 * The value of a covered pixel: the darkest value that the header allows for a sample. So it does not depend on any
 * pixel.
 */
import type { ByteSource, ParsedInstance } from '../dicom/data-set.ts';
import type { FrameShape } from './frame-shape.ts';
import { paletteOf } from './grey-picture.ts';
import { entryOf } from './lookup-table.ts';

/** The stored value for each sample of a pixel. Null if the colour space of the pixels is unknown. */
export async function blankSamples(
  instance: ParsedInstance,
  source: ByteSource,
  shape: FrameShape,
): Promise<readonly number[] | null> {
  const { samples, photometricInterpretation, bitsStored, isFloat } = shape;
  if (samples === 3) {
    if (photometricInterpretation === 'RGB') return [0, 0, 0];
    // PS3.3 §C.7.6.3.1.2: CB and CR of a grey pixel are the middle of the range.
    const middle = 2 ** (bitsStored - 1);
    return photometricInterpretation.startsWith('YBR_FULL') ? [0, middle, middle] : null;
  }
  if (isFloat) return [0];
  if (photometricInterpretation === 'PALETTE COLOR') return darkestEntry(instance, source, shape);
  const [lowest, highest] = storedRange(shape);
  return [photometricInterpretation === 'MONOCHROME1' ? highest : lowest];
}

/** The lowest and the highest value that the stored bits can hold. */
export function storedRange({
  bitsStored,
  isSigned,
}: Pick<FrameShape, 'bitsStored' | 'isSigned'>): readonly [number, number] {
  return isSigned ? [-(2 ** (bitsStored - 1)), 2 ** (bitsStored - 1) - 1] : [0, 2 ** bitsStored - 1];
}

async function darkestEntry(
  instance: ParsedInstance,
  source: ByteSource,
  shape: FrameShape,
): Promise<readonly number[] | null> {
  const palette = await paletteOf(instance, source);
  if (palette === null) return null;
  const [lowest, highest] = storedRange(shape);
  const { first, entries } = palette[0];
  let darkest = lowest;
  let least = Infinity;
  const end = Math.min(highest, first + entries.length - 1);
  for (let value = Math.max(lowest, first); value <= end; value += 1) {
    const light = palette.reduce((sum, table) => sum + entryOf(table, value), 0);
    if (light < least) darkest = value;
    least = Math.min(least, light);
  }
  return [darkest];
}
