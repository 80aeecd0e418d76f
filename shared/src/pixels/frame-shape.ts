/**
 * Reads the header's description of the frames (PS3.3 §C.7.6.3), which is checked once before any memory is allocated.
 */
import type { DicomElement, ParsedInstance } from '../dicom/data-set.ts';
import { type PixelModule, readPixelModule } from '../dicom/examine-pixel-module.ts';
import { FRAME_PIXELS_LIMIT } from '../dicom/limits.ts';
import { encodingOf } from '../dicom/registry.ts';
import { readStoredBits, type StoredBits } from '../dicom/stored-bits.ts';
import {
  DOUBLE_FLOAT_PIXEL_DATA,
  FLOAT_PIXEL_DATA,
  PIXEL_DATA,
  PLANAR_CONFIGURATION,
} from '../dicom/tags.ts';
import { findElement, numberOf } from '../dicom/values.ts';
import { FRAME_BYTES_LIMIT, type PictureRefusal } from './picture.ts';

export interface FrameShape extends PixelModule, StoredBits {
  readonly element: DicomElement;
  readonly samples: 1 | 3;
  readonly bitsAllocated: 1 | 8 | 16 | 32 | 64;
  readonly isFloat: boolean;
  /** The colour planes are stored one after the other: R…G…B… (PS3.3 §C.7.6.3.1.3). */
  readonly isPlanar: boolean;
}

type ShapeOutcome = FrameShape | { readonly because: PictureRefusal };

export function readFrameShape(instance: ParsedInstance): ShapeOutcome {
  const element = instance.elements.find(
    ({ tag }) => tag === PIXEL_DATA || tag === FLOAT_PIXEL_DATA || tag === DOUBLE_FLOAT_PIXEL_DATA,
  );
  if (!element) return { because: 'image-without-pixels' };
  if (encodingOf(instance.transferSyntaxUID) === null) return { because: 'image-type-unsupported' };
  const module = readPixelModule(instance.elements, instance, element.tag);
  if ('because' in module) return { because: 'image-damaged' };
  const { samples, bitsAllocated } = module;
  const isFloat = element.tag !== PIXEL_DATA;
  // 12 bits allocated (ACR-NEMA), ARGB and 64-bit integers are not supported, because no other reader could verify the
  // result.
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
  const planarConfiguration = numberOf(findElement(instance.elements, PLANAR_CONFIGURATION), instance);
  return {
    ...module,
    element,
    samples,
    bitsAllocated: bitsAllocated as FrameShape['bitsAllocated'],
    ...readStoredBits(instance.elements, instance, bitsAllocated),
    isFloat,
    isPlanar: samples === 3 && planarConfiguration === 1,
  };
}
