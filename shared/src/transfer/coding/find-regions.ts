/**
 * Divides an instance into pixels that JPEG-LS can code, bytes that deflate may shrink, and bytes that are already
 * compressed. Native Pixel Data is treated as one tall image: frames (and planes, where colours are stored by plane)
 * are stacked, so their number does not matter. Bytes that do not fill a row count among the bytes after it.
 */
import type { ByteRange, ByteSource, DicomElement, ParsedInstance } from '../../dicom/data-set.ts';
import { readPixelModule } from '../../dicom/examine-pixel-module.ts';
import { readInstance } from '../../dicom/part10.ts';
import { PIXEL_DATA, PLANAR_CONFIGURATION } from '../../dicom/tags.ts';
import { findElement, numberOf } from '../../dicom/values.ts';
import { bytesPerPixel, type SampleLayout } from './strip-transform.ts';

export type Region =
  | { readonly kind: 'bytes' | 'compressed'; readonly range: ByteRange }
  | {
      readonly kind: 'pixels';
      readonly range: ByteRange;
      readonly layout: SampleLayout;
      readonly width: number;
      readonly isIndexed: boolean;
    };

/**
 * The regions of the whole instance, in order, none empty. An instance that cannot be read, or has no such pixels, is
 * one region of bytes.
 */
export async function findRegions(source: ByteSource, signal?: AbortSignal): Promise<readonly Region[]> {
  const whole: Region = { kind: 'bytes', range: { offset: 0, length: source.size } };
  const outcome = await readInstance(source, signal, 'replaced');
  if (outcome.kind === 'refused') return [whole];
  const { encoding, elements, dataSetOffset } = outcome.instance;
  if (encoding.deflated)
    return split(source.size, {
      kind: 'compressed',
      range: { offset: dataSetOffset, length: source.size - dataSetOffset },
    });
  const pixelData = findElement(elements, PIXEL_DATA);
  if (!pixelData) return [whole];
  if (pixelData.fragments)
    return split(source.size, {
      kind: 'compressed',
      range: { offset: pixelData.offset, length: pixelData.endOffset - pixelData.offset },
    });
  const pixels = encoding.bigEndian ? null : findPixels(outcome.instance, pixelData);
  return pixels ? split(source.size, pixels) : [whole];
}

function split(size: number, middle: Region): readonly Region[] {
  const end = middle.range.offset + middle.range.length;
  const before: Region = { kind: 'bytes', range: { offset: 0, length: middle.range.offset } };
  const after: Region = { kind: 'bytes', range: { offset: end, length: size - end } };
  return [before, middle, after].filter(({ range }) => range.length > 0);
}

/** Null: the samples do not have 8 or 16 bits, or colours share samples (4:2:2). */
function findPixels(
  instance: ParsedInstance,
  { tag, valueOffset, valueLength }: DicomElement,
): Region | null {
  const module = readPixelModule(instance.elements, instance, tag);
  if ('because' in module || /_42[02]$/.test(module.photometricInterpretation)) return null;
  const layout = layoutOf(
    module,
    numberOf(findElement(instance.elements, PLANAR_CONFIGURATION), instance) ?? 0,
  );
  if (!layout) return null;
  const rowBytes = module.columns * bytesPerPixel(layout);
  const length = valueLength - (valueLength % rowBytes);
  const isIndexed = module.photometricInterpretation === 'PALETTE COLOR';
  return length > 0
    ? { kind: 'pixels', range: { offset: valueOffset, length }, layout, width: module.columns, isIndexed }
    : null;
}

/** PS3.3 §C.7.6.3.1.3: planar configuration 1 stores plane after plane, and each is a grey image. */
function layoutOf(
  { bitsAllocated, samples }: { bitsAllocated: number; samples: number },
  planarConfiguration: number,
): SampleLayout | null {
  if (samples !== 1 && samples !== 3) return null;
  const isByPlane = samples === 1 || planarConfiguration === 1;
  if (bitsAllocated === 16) return isByPlane ? 'words' : null;
  if (bitsAllocated !== 8) return null;
  return isByPlane ? 'bytes' : 'triples';
}
