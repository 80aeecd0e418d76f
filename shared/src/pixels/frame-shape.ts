/**
 * The header's description of the frames (PS3.3 §C.7.6.3), checked once before any memory is allocated for
 * them.
 */
import type { DicomElement, ParsedInstance } from '../dicom/data-set.ts';
import { type PixelModule, readPixelModule } from '../dicom/examine-pixel-module.ts';
import {
  BITS_STORED,
  DOUBLE_FLOAT_PIXEL_DATA,
  FLOAT_PIXEL_DATA,
  HIGH_BIT,
  PIXEL_DATA,
  PIXEL_REPRESENTATION,
  PLANAR_CONFIGURATION,
} from '../dicom/tags.ts';
import { findElement, numberOf } from '../dicom/values.ts';
import { FRAME_BYTES_LIMIT, FRAME_PIXELS_LIMIT, type PictureRefusal } from './picture.ts';

export interface FrameShape extends PixelModule {
  readonly element: DicomElement;
  readonly samples: 1 | 3;
  readonly bitsAllocated: 1 | 8 | 16 | 32 | 64;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly isSigned: boolean;
  readonly isFloat: boolean;
  /** Planes of colour one after the other: R…G…B… (PS3.3 §C.7.6.3.1.3). */
  readonly isPlanar: boolean;
}

export type ShapeOutcome = FrameShape | { readonly because: PictureRefusal };

export function readFrameShape(instance: ParsedInstance): ShapeOutcome {
  const element = instance.elements.find(
    ({ tag }) => tag === PIXEL_DATA || tag === FLOAT_PIXEL_DATA || tag === DOUBLE_FLOAT_PIXEL_DATA,
  );
  if (!element) return { because: 'image-without-pixels' };
  const module = readPixelModule(instance.elements, instance, element.tag);
  if ('because' in module) return { because: 'image-damaged' };
  const { samples, bitsAllocated } = module;
  const isFloat = element.tag !== PIXEL_DATA;
  // ACR-NEMA's 12 bits allocated, ARGB and integers of 64 bits are read by nothing that could check this.
  if (samples !== 1 && samples !== 3) return { because: 'image-type-unsupported' };
  if (
    bitsAllocated !== 1 &&
    bitsAllocated !== 8 &&
    bitsAllocated !== 16 &&
    bitsAllocated !== 32 &&
    !(isFloat && bitsAllocated === 64)
  ) {
    return { because: 'image-type-unsupported' };
  }
  if (isFloat && samples === 3) return { because: 'image-type-unsupported' };
  const pixels = module.rows * module.columns;
  if (pixels > FRAME_PIXELS_LIMIT || pixels * samples * Math.ceil(bitsAllocated / 8) > FRAME_BYTES_LIMIT)
    return { because: 'image-too-large' };
  const number = (tag: number): number | null => numberOf(findElement(instance.elements, tag), instance);
  const bitsStored = number(BITS_STORED) || bitsAllocated;
  const highBit = number(HIGH_BIT) ?? bitsStored - 1;
  return {
    ...module,
    element,
    samples,
    bitsAllocated: bitsAllocated as FrameShape['bitsAllocated'],
    bitsStored,
    isFloat,
    highBit: highBit >= bitsStored - 1 && highBit < bitsAllocated ? highBit : bitsStored - 1,
    isSigned: number(PIXEL_REPRESENTATION) === 1,
    isPlanar: samples === 3 && number(PLANAR_CONFIGURATION) === 1,
  };
}
