/**
 * The header of an instance whose pixels are covered. Attributes that describe the former pixels, or show the image in
 * another form, are removed. If a lossy coding was decoded, the image stays declared as lossy.
 */
import type { ByteRange, DicomElement, DicomItem, ParsedInstance } from '../dicom/data-set.ts';
import { encodeElement, numberValue, textValue, type NewElement } from '../dicom/encode.ts';
import { nativeBytes } from '../dicom/examine-pixel-module.ts';
import {
  DOUBLE_FLOAT_PIXEL_DATA,
  EXTENDED_OFFSET_TABLE,
  FLOAT_PIXEL_DATA,
  HIGH_BIT,
  ICON_IMAGE_SEQUENCE,
  PHOTOMETRIC_INTERPRETATION,
  PIXEL_DATA,
  PLANAR_CONFIGURATION,
} from '../dicom/tags.ts';
import { findElement, textOf } from '../dicom/values.ts';
import type { FrameShape } from './frame-shape.ts';

/** Pieces of the Data Set before and after the pixels: new bytes, or ranges of `instance.dataSet`. */
interface HeaderPieces {
  readonly before: readonly (Uint8Array | ByteRange)[];
  readonly after: readonly (Uint8Array | ByteRange)[];
}

const PIXELS = new Set([FLOAT_PIXEL_DATA, DOUBLE_FLOAT_PIXEL_DATA, PIXEL_DATA]);
/**
 * Attributes that no longer apply: offsets and lengths of frames that are encoded again; smallest and largest pixel
 * value.
 */
const OUTDATED = new Set([EXTENDED_OFFSET_TABLE, 0x7fe00002, 0x00280106, 0x00280107]);
const LOSSY_IMAGE_COMPRESSION = 0x00282110;
const LOSSY_RATIO = 0x00282112;
const LOSSY_METHOD = 0x00282114;

/**
 * PS3.3 §C.7.6.1.1.5.2, by the end of the transfer syntax. JPEG 2000 and HTJ2K may be lossless, so the header decides.
 */
const ROOT = '1.2.840.10008.1.2.4.';
const LOSSY: readonly (readonly [ends: readonly string[], method: string, isSure: boolean])[] = [
  [['50', '51', '52', '53', '54', '55', '56'], 'ISO_10918_1', true],
  [['81'], 'ISO_14495_1', true],
  [['91', '93'], 'ISO_15444_1', false],
  [['203'], 'ISO_15444_15', false],
];

/** `becomesNative`: the pixels are decoded, so the transfer syntax no longer describes them. */
export function headerPieces(
  instance: ParsedInstance,
  shape: FrameShape,
  becomesNative: boolean,
): HeaderPieces {
  const { elements, encoding } = instance;
  const written = becomesNative ? nativeDescription(instance, shape) : [];
  const replaced = new Set(written.map(({ tag }) => tag));
  const kept = elements.filter((element) => !isGone(element) && !replaced.has(element.tag));
  const all = [
    ...kept.map((element) => ({ tag: element.tag, piece: wholeOf(element) as Uint8Array | ByteRange })),
    ...written.map((element) => ({ tag: element.tag, piece: encodeElement(element, encoding) })),
  ].sort((a, b) => a.tag - b.tag);
  const { tag: pixels } = shape.element;
  return {
    before: joined(all.filter(({ tag }) => tag < pixels)),
    after: joined(all.filter(({ tag }) => tag > pixels)),
  };
}

const wholeOf = ({ offset, endOffset }: DicomElement): ByteRange => ({ offset, length: endOffset - offset });

/** Merges adjacent ranges. */
function joined(all: readonly { readonly piece: Uint8Array | ByteRange }[]): (Uint8Array | ByteRange)[] {
  const pieces: (Uint8Array | ByteRange)[] = [];
  for (const { piece } of all) {
    const last = pieces.at(-1);
    const follows =
      last !== undefined &&
      'offset' in last &&
      'offset' in piece &&
      last.offset + last.length === piece.offset;
    if (follows) pieces[pieces.length - 1] = { offset: last.offset, length: last.length + piece.length };
    else pieces.push(piece);
  }
  return pieces;
}

function isGone({ tag, items }: DicomElement): boolean {
  return PIXELS.has(tag) || OUTDATED.has(tag) || isOtherPicture(tag) || (items?.some(holdsPicture) ?? false);
}

/** Whether the tag is that of an overlay or an icon. */
const isOtherPicture = (tag: number): boolean => tag >>> 24 === 0x60 || tag === ICON_IMAGE_SEQUENCE;

const holdsPicture = ({ elements }: DicomItem): boolean =>
  elements.some(
    ({ tag, items }) => PIXELS.has(tag) || isOtherPicture(tag) || (items?.some(holdsPicture) ?? false),
  );

function nativeDescription(instance: ParsedInstance, shape: FrameShape): NewElement[] {
  const { encoding } = instance;
  const colour: NewElement[] =
    shape.samples === 1
      ? []
      : [
          { tag: PHOTOMETRIC_INTERPRETATION, vr: 'CS', value: textValue('CS', 'RGB') },
          { tag: PLANAR_CONFIGURATION, vr: 'US', value: numberValue('US', [0], encoding) },
        ];
  const highBit = numberValue('US', [shape.bitsStored - 1], encoding);
  return [...colour, { tag: HIGH_BIT, vr: 'US', value: highBit }, ...lossyDescription(instance, shape)];
}

/** PS3.3 §C.7.6.1.1.5: "once an image has been lossy compressed, it remains so." */
function lossyDescription(instance: ParsedInstance, shape: FrameShape): NewElement[] {
  const { elements, transferSyntaxUID } = instance;
  const row = LOSSY.find(([ends]) => ends.some((end) => transferSyntaxUID === ROOT + end));
  const said = textOf(findElement(elements, LOSSY_IMAGE_COMPRESSION), instance);
  if (row === undefined || (said === '00' && !row[2])) return [];
  const coded = (shape.element.fragments ?? []).reduce((sum, { length }) => sum + length, 0);
  const ratio = (nativeBytes(shape) / Math.max(1, coded)).toPrecision(4);
  const absent = [
    { tag: LOSSY_RATIO, vr: 'DS', value: textValue('DS', ratio) },
    { tag: LOSSY_METHOD, vr: 'CS', value: textValue('CS', row[1]) },
  ].filter(({ tag }) => textOf(findElement(elements, tag), instance) === null);
  return [{ tag: LOSSY_IMAGE_COMPRESSION, vr: 'CS', value: textValue('CS', '01') }, ...absent];
}
