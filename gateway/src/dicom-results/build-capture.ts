/**
 * Builds the heat map as a Secondary Capture (PS3.3 §A.8), which any viewer can show. It shows the map over the
 * picture. A band beneath has the model's name and a warning that the result is not for diagnosis, burned into the
 * pixels. These words name no person.
 */
import { buildInstance, type SimpleElement } from '#shared/dicom/build-instance.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { codeItem, SOURCE_FOR_PROCESSING } from './codes.ts';
import { decimal } from './content-item.ts';
import { ADVANCE, drawLine, GLYPH_ROWS, wrapWords, type Colour } from './letters.ts';
import { toAscii } from './result-text.ts';
import type { BuiltResult, ColourPicture, ResultSubject } from './result-subject.ts';
import {
  alsoCopied,
  commonModules,
  identifiersOf,
  isDeidentified,
  MANUFACTURER_NAME,
  MODEL_NAME,
  momentOf,
  saidOrEmpty,
  sourceReference,
} from './source-modules.ts';

/**
 * The longer side, in pixels. A larger picture would add bytes but no information, because the map has 20 × 20 cells.
 */
const CAPTURE_SIDE_LIMIT = 1024;
/** Letters are 21 pixels high, which can be read on a tablet at arm's length. */
const SCALE = 3;
const LINE_PIXELS = (GLYPH_ROWS + 3) * SCALE;
const MARGIN = 12;
const SIGNS_IN_A_LINE = 52;
const LEAST_COLUMNS = SIGNS_IN_A_LINE * ADVANCE * SCALE + 2 * MARGIN;
const WARNING_COLOUR: Colour = [255, 196, 0];
const WORD_COLOUR: Colour = [230, 230, 230];
const PATIENT_ORIENTATION = 0x00200020;
const LATERALITY = 0x00200060;
const BURNED_IN_ANNOTATION = 0x00280301;

export function buildCapture(subject: ResultSubject, heatMap: ColourPicture): BuiltResult {
  const { source } = subject;
  const identifiers = identifiersOf(subject, 'SC', SOP_CLASSES.SC);
  const moment = momentOf(source, subject.at);
  const { rows, columns, rgb } = compose(heatMap, captions(subject));
  const elements: SimpleElement[] = [
    ...commonModules(subject, 'SC', moment),
    [0x00080064, 'CS', 'WSD'],
    [0x00181016, 'LO', MANUFACTURER_NAME],
    [0x00181018, 'LO', MODEL_NAME],
    [0x00181019, 'LO', subject.softwareVersion],
    [0x00200013, 'IS', 1],
    [0x00080008, 'CS', 'DERIVED', 'SECONDARY'],
    [0x00082111, 'ST', 'Heat map of an AI model over the image, not for diagnostic use'],
    [
      0x00082112,
      'SQ',
      [
        ...sourceReference(subject),
        [0x0028135a, 'CS', 'NO'],
        [0x0040a170, 'SQ', codeItem(SOURCE_FOR_PROCESSING)],
      ],
    ],
    // PS3.3 §C.7.6.1, §C.7.3.1.1: these are type 2C, because the capture itself has no position in space. Orientation
    // and laterality are copied from the source.
    ...saidOrEmpty(source, PATIENT_ORIENTATION, 'CS'),
    ...saidOrEmpty(source, LATERALITY, 'CS'),
    // PS3.3 §C.7.6.1 asks for "sufficient burned in annotation to identify the patient". Our words do not identify
    // anyone, so the value is copied from the source, or left out if the source has none.
    ...alsoCopied(source, [BURNED_IN_ANNOTATION, 0x00282110, 0x00282112, 0x00282114]),
  ];
  const image = { rows, columns, bitsAllocated: 8 as const, photometricInterpretation: 'RGB', pixels: rgb };
  const bytes = concatBytes(
    buildInstance({ identifiers, transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN, elements, image }),
  );
  return {
    kind: 'SC',
    identifiers,
    transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
    bytes: bytes as Uint8Array<ArrayBuffer>,
  };
}

type Caption = { readonly text: string; readonly colour: Colour };

function captions(subject: ResultSubject): readonly Caption[] {
  const {
    finding: { model, score, threshold, population, film },
    source,
    at,
  } = subject;
  const scored =
    score === null
      ? `Not scored${population === 'outside' ? ': outside the population of the model' : ''}`
      : `Score ${decimal(score)}${threshold === null ? '' : `, threshold ${decimal(threshold)}`}`;
  const said = [
    `AI model ${model.id} ${model.version} (${model.digest.slice(0, 12)})`,
    scored,
    ...(film.length === 0 ? [] : [`Film: ${film.join(', ')}`]),
    ...momentInWords(source, at),
  ];
  return [
    { text: 'NOT FOR DIAGNOSTIC USE', colour: WARNING_COLOUR },
    ...said.flatMap((line) =>
      wrapWords(toAscii(line), SIGNS_IN_A_LINE).map((text) => ({ text, colour: WORD_COLOUR })),
    ),
  ];
}

/**
 * The moment in words; empty for a de-identified study. Its dates are missing or shifted, and somebody who reads the
 * picture would take them for true.
 */
function momentInWords(source: ParsedInstance, at: Date): string[] {
  if (isDeidentified(source)) return [];
  const { date, time, dateTime } = momentOf(source, at);
  const offset = dateTime.slice(-5);
  return [
    `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)} ${time.slice(0, 2)}:${time.slice(2, 4)} ${offset === '+0000' ? 'UTC' : offset}`,
  ];
}

/** Draws the picture as large as the limit allows, and the words in a band beneath it. */
function compose(picture: ColourPicture, lines: readonly Caption[]): ColourPicture {
  const band = lines.length * LINE_PIXELS + 2 * MARGIN;
  const factor = Math.min(CAPTURE_SIDE_LIMIT / picture.columns, (CAPTURE_SIDE_LIMIT - band) / picture.rows);
  const scaled = resize(
    picture,
    Math.max(1, Math.floor(picture.rows * factor)),
    Math.max(1, Math.floor(picture.columns * factor)),
  );
  const columns = Math.max(scaled.columns, LEAST_COLUMNS);
  const rows = scaled.rows + band;
  const rgb = new Uint8Array(rows * columns * 3);
  const left = (columns - scaled.columns) >> 1;
  for (let row = 0; row < scaled.rows; row += 1) {
    rgb.set(
      scaled.rgb.subarray(row * scaled.columns * 3, (row + 1) * scaled.columns * 3),
      (row * columns + left) * 3,
    );
  }
  for (const [i, { text, colour }] of lines.entries()) {
    const place = { left: MARGIN, top: scaled.rows + MARGIN + i * LINE_PIXELS, scale: SCALE };
    drawLine({ columns, rgb }, text, place, colour);
  }
  return { rows, columns, rgb };
}

/** Each new pixel is the mean of the old ones that it covers. */
function resize({ rows, columns, rgb }: ColourPicture, newRows: number, newColumns: number): ColourPicture {
  const resized = new Uint8Array(newRows * newColumns * 3);
  for (let row = 0; row < newRows; row += 1) {
    const [top, bottom] = covered(row, newRows, rows);
    for (let column = 0; column < newColumns; column += 1) {
      const [left, right] = covered(column, newColumns, columns);
      for (let sample = 0; sample < 3; sample += 1) {
        let sum = 0;
        for (let y = top; y < bottom; y += 1)
          for (let x = left; x < right; x += 1) sum += rgb[(y * columns + x) * 3 + sample]!;
        resized[(row * newColumns + column) * 3 + sample] = Math.round(
          sum / ((bottom - top) * (right - left)),
        );
      }
    }
  }
  return { rows: newRows, columns: newColumns, rgb: resized };
}

function covered(at: number, size: number, of: number): readonly [from: number, to: number] {
  return [Math.floor((at * of) / size), Math.ceil(((at + 1) * of) / size)];
}
