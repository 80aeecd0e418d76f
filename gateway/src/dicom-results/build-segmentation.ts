/**
 * Builds the segmentation: the right and the left lung as two binary segments of the size of the source (PS3.3
 * §A.51). Each segment lies pixel by pixel over the source, as the Derivation Image Macro states. A radiograph
 * without a frame of reference therefore needs none (Table A.51-1); a slice keeps its own.
 */
import { buildInstance, type SimpleElement } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import { findElement, numberOf, textOf } from '#shared/dicom/values.ts';
import type { LungMasks } from '#shared/models/lung-fields.ts';
import {
  ANATOMICAL_STRUCTURE,
  codeItem,
  dcm,
  LEFT_LUNG,
  RIGHT_LUNG,
  SOURCE_FOR_PROCESSING,
  type Code,
} from './codes.ts';
import { oneValue } from './result-text.ts';
import type { BuiltResult, ResultSubject } from './result-subject.ts';
import {
  AI_DESCRIPTION,
  alsoCopied,
  commonModules,
  identifiersOf,
  MANUFACTURER_NAME,
  momentOf,
  reference,
  saidOrEmpty,
  sourceReference,
} from './source-modules.ts';

export const SEGMENTATION_STORAGE = '1.2.840.10008.5.1.4.1.1.66.4';

const FRAME_OF_REFERENCE = 0x00200052;
const PATIENT_ORIENTATION = 0x00200020;
const PIXEL_SPACING = 0x00280030;
const SLICE_THICKNESS = 0x00180050;
const IMAGE_POSITION = 0x00200032;
const IMAGE_ORIENTATION = 0x00200037;
/** Recommended Display CIELab Value (PS3.3 §C.10.7.1.1): a green and a blue that differ in lightness too. */
const COLOURS = { right: [0xb0a3, 0x5b6e, 0xa3d7], left: [0x8a3d, 0x8f5c, 0x4a3d] } as const;

const SEGMENTS: readonly { readonly side: 'right' | 'left'; readonly label: string; readonly type: Code }[] =
  [
    { side: 'right', label: 'Right lung', type: RIGHT_LUNG },
    { side: 'left', label: 'Left lung', type: LEFT_LUNG },
  ];

export function buildSegmentation(subject: ResultSubject, masks: LungMasks): BuiltResult {
  const {
    source,
    finding: {
      input: { rows, columns },
    },
  } = subject;
  const identifiers = identifiersOf(subject, 'SEG', SEGMENTATION_STORAGE);
  const moment = momentOf(source, subject.at);
  const spatial = spatialGroups(subject);
  const frames = SEGMENTS.map(({ side }) => resample(masks[side], masks.side, rows, columns));
  const elements: SimpleElement[] = [
    ...commonModules(subject, 'SEG', moment),
    ...alsoCopied(source, [FRAME_OF_REFERENCE, 0x00201040]),
    // PS3.3 §C.7.6.1.1.1: an image without a position in space gives its anatomical orientation, or an empty value if
    // that is unknown.
    ...(spatial.length > 0
      ? alsoCopied(source, [PATIENT_ORIENTATION])
      : saidOrEmpty(source, PATIENT_ORIENTATION, 'CS')),
    [0x00200013, 'IS', 1],
    [0x00080008, 'CS', 'DERIVED', 'PRIMARY'],
    [0x00282110, 'CS', textOf(findElement(source.elements, 0x00282110), source) === '01' ? '01' : '00'],
    ...alsoCopied(source, [0x00282112, 0x00282114]),
    [0x00700080, 'CS', 'LUNG_FIELDS'],
    [0x00700081, 'LO', AI_DESCRIPTION],
    [0x00700084, 'PN', `${MANUFACTURER_NAME}^`],
    [0x00620001, 'CS', 'BINARY'],
    [0x00620013, 'CS', 'NO'],
    [0x00620002, 'SQ', ...SEGMENTS.map((one, i) => segment(subject, i + 1, one))],
    [
      0x00081115,
      'SQ',
      [
        [0x0008114a, 'SQ', reference(source.identifiers)],
        [0x0020000e, 'UI', source.identifiers.seriesInstanceUID],
      ],
    ],
    ...dimensions(subject),
    [0x52009229, 'SQ', spatial],
    [0x52009230, 'SQ', ...SEGMENTS.map((_, i) => frameGroups(subject, i + 1))],
  ];
  const image = {
    rows,
    columns,
    frames: SEGMENTS.length,
    bitsAllocated: 1 as const,
    pixels: packBits(frames),
  };
  const bytes = concatBytes(
    buildInstance({ identifiers, transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN, elements, image }),
  );
  return {
    kind: 'SEG',
    identifiers,
    transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
    bytes: bytes as Uint8Array<ArrayBuffer>,
  };
}

/** PS3.3 Table C.8.20-4 and §10.16 (algorithm identification). */
function segment(
  { models, finding }: ResultSubject,
  number: number,
  { side, label, type }: (typeof SEGMENTS)[number],
): SimpleElement[] {
  const model = models.find(({ id }) => id === 'lung-fields') ?? finding.model;
  const name = oneValue(`${model.id} ${model.version}`);
  return [
    [0x00620004, 'US', number],
    [0x00620005, 'LO', label],
    [0x00620008, 'CS', 'AUTOMATIC'],
    [0x00620009, 'LO', name],
    [0x00620003, 'SQ', codeItem(ANATOMICAL_STRUCTURE)],
    [0x0062000f, 'SQ', codeItem(type)],
    [0x0062000d, 'US', ...COLOURS[side]],
    [
      0x00620007,
      'SQ',
      [
        [0x0066002f, 'SQ', codeItem(dcm('123110', 'Artificial Intelligence'))],
        [0x00660036, 'LO', oneValue(model.id)],
        [0x00660031, 'LO', oneValue(model.version)],
        [0x00660032, 'LT', `SHA-256 of the model: ${model.digest}`],
      ],
    ],
  ];
}

/** PS3.3 §C.7.6.17: the segment number is the dimension that distinguishes the frames. */
function dimensions(subject: ResultSubject): SimpleElement[] {
  const organization = subject.uid('dimensions', 'by segment');
  return [
    [0x00209221, 'SQ', [[0x00209164, 'UI', organization]]],
    [
      0x00209222,
      'SQ',
      [
        [0x00209164, 'UI', organization],
        [0x00209165, 'AT', 0x0062000b],
        [0x00209167, 'AT', 0x0062000a],
        [0x00209421, 'LO', 'Segment'],
      ],
    ],
  ];
}

/**
 * The pixel size and the position in space, copied from the source; empty for a projection. Both functional groups
 * may be absent if there is a Derivation Image (PS3.3 Table A.51-2). Viewers expect Pixel Measures to include a slice
 * thickness.
 */
function spatialGroups({ source }: ResultSubject): SimpleElement[] {
  const position = alsoCopied(source, [IMAGE_POSITION]);
  const orientation = alsoCopied(source, [IMAGE_ORIENTATION]);
  const measures = alsoCopied(source, [SLICE_THICKNESS, PIXEL_SPACING]);
  const isSlice = [position, orientation, alsoCopied(source, [FRAME_OF_REFERENCE])].every(
    ({ length }) => length === 1,
  );
  // Some devices write zeros or an empty value if they do not know the measure.
  const isMeasured = [SLICE_THICKNESS, PIXEL_SPACING].every(
    (tag) => (numberOf(findElement(source.elements, tag), source) ?? 0) > 0,
  );
  if (!isSlice) return [];
  return [
    [0x00209113, 'SQ', position],
    [0x00209116, 'SQ', orientation],
    ...(isMeasured ? [[0x00289110, 'SQ', measures] as const] : []),
  ];
}

function frameGroups(subject: ResultSubject, number: number): SimpleElement[] {
  const purpose = codeItem(SOURCE_FOR_PROCESSING);
  return [
    [
      0x00089124,
      'SQ',
      [
        [
          0x00082112,
          'SQ',
          [...sourceReference(subject), [0x0028135a, 'CS', 'YES'], [0x0040a170, 'SQ', purpose]],
        ],
        [0x00089215, 'SQ', codeItem(dcm('113076', 'Segmentation'))],
      ],
    ],
    [0x00209111, 'SQ', [[0x00209157, 'UL', number]]],
    [0x0062000a, 'SQ', [[0x0062000b, 'US', number]]],
  ];
}

/**
 * Resamples a mask of `side` × `side` cells, which covers the whole image, to `rows` × `columns` pixels. It
 * interpolates bilinearly between the centres of the cells; a value of one half counts as inside.
 */
export function resample(mask: Uint8Array, side: number, rows: number, columns: number): Uint8Array {
  if (mask.length !== side * side) throw new RangeError('a mask has side × side cells');
  const down = cellsOf(rows, side);
  const across = cellsOf(columns, side);
  const pixels = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    const y = down[row]!;
    for (let column = 0; column < columns; column += 1) {
      const x = across[column]!;
      const above =
        mask[y.first * side + x.first]! * (1 - x.part) + mask[y.first * side + x.second]! * x.part;
      const below =
        mask[y.second * side + x.first]! * (1 - x.part) + mask[y.second * side + x.second]! * x.part;
      if (above * (1 - y.part) + below * y.part >= 0.5) pixels[row * columns + column] = 1;
    }
  }
  return pixels;
}

/**
 * For each pixel: the two cells whose centres enclose the centre of the pixel, and its distance from the first of
 * them.
 */
function cellsOf(pixels: number, side: number): { first: number; second: number; part: number }[] {
  return Array.from({ length: pixels }, (_, pixel) => {
    const at = Math.min(side - 1, Math.max(0, ((pixel + 0.5) * side) / pixels - 0.5));
    const first = Math.floor(at);
    return { first, second: Math.min(side - 1, first + 1), part: at - first };
  });
}

/**
 * PS3.5 §8.1.1, §D: one bit a pixel, the first pixel in the lowest bit. A frame begins at the bit after the last
 * frame, not at a new byte.
 */
function packBits(frames: readonly Uint8Array[]): Uint8Array {
  const packed = new Uint8Array(Math.ceil(frames.reduce((sum, { length }) => sum + length, 0) / 8));
  let at = 0;
  for (const frame of frames) {
    for (const pixel of frame) {
      if (pixel) packed[at >> 3]! |= 1 << (at & 7);
      at += 1;
    }
  }
  return packed;
}
