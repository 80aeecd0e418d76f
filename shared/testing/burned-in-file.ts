/** Ultrasound films of one grey byte a pixel, with a made-up name burned into every frame, native or RLE. */
import { buildInstance } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, RLE_LOSSLESS, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import { encodeRle } from '#shared/pixels/rle.ts';

export interface BurnedIn {
  /** Any whole number; films of one seed are one study and one series. */
  readonly seed: number;
  readonly number: number;
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly coding: 'native' | 'rle';
  /** The same picture as a Secondary Capture. */
  readonly isCapture?: boolean;
  /** The last frame of RLE ends too early. */
  readonly isDamaged?: boolean;
}

/** Where the name is, in every frame. */
export const NAME_PLACE = { x: 6, y: 5, width: 132, height: 14 };

/** Rows of five dots, the letter from its top. */
const LETTERS: Readonly<Record<string, string>> = {
  A: '01110 10001 10001 11111 10001 10001 10001',
  D: '11110 10001 10001 10001 10001 10001 11110',
  E: '11111 10000 10000 11110 10000 10000 11111',
  J: '00111 00010 00010 00010 00010 10010 01100',
  N: '10001 11001 10101 10011 10001 10001 10001',
  O: '01110 10001 10001 10001 10001 10001 01110',
};
const NAME = 'DOE JANE DO';

export function burnedInFile(film: BurnedIn): Uint8Array {
  const { seed, number, rows, columns, frames, coding, isCapture = false, isDamaged = false } = film;
  const uid = (last: string) => `2.25.${seed}${last}`;
  const pixels = Array.from({ length: frames }, (_, frame) => frameOf(film, frame));
  const coded = pixels.map((bytes) => encodeRle([bytes], columns));
  if (isDamaged) coded[frames - 1] = coded[frames - 1]!.subarray(0, 80);
  const parts = buildInstance({
    identifiers: {
      studyInstanceUID: parseUid('StudyInstanceUID', uid('1')),
      seriesInstanceUID: parseUid('SeriesInstanceUID', uid('2')),
      sopInstanceUID: parseUid('SOPInstanceUID', uid(`3${number}`)),
      sopClassUID: parseUid('SOPClassUID', isCapture ? SOP_CLASSES.SC : '1.2.840.10008.5.1.4.1.1.3.1'),
    },
    transferSyntaxUID: coding === 'rle' ? RLE_LOSSLESS : EXPLICIT_VR_LITTLE_ENDIAN,
    elements: [
      [0x00080008, 'CS', 'ORIGINAL', 'PRIMARY'],
      [0x00080020, 'DA', '20240229'],
      [0x00080060, 'CS', 'US'],
      [0x0008103e, 'LO', 'Liver'],
      [0x00100010, 'PN', 'DOE^JANE'],
      [0x00100020, 'LO', `PAT-${seed}`],
      [0x00200011, 'IS', 1],
      [0x00200013, 'IS', number],
      [0x00280301, 'CS', 'YES'],
    ],
    image: {
      rows,
      columns,
      frames,
      bitsAllocated: 8,
      pixels: coding === 'rle' ? coded : concatBytes(pixels),
    },
  });
  return concatBytes(parts);
}

/** A fan of speckles that changes from frame to frame, and the name over it. */
function frameOf({ rows, columns, seed, number }: BurnedIn, frame: number): Uint8Array {
  const bytes = new Uint8Array(rows * columns);
  for (let y = 0; y < rows; y += 1)
    for (let x = 0; x < columns; x += 1) {
      const across = (x - columns / 2) / (y + rows / 6);
      const isInFan = Math.abs(across) < 0.7 && Math.hypot(x - columns / 2, y) < rows * 0.95 && y > rows / 6;
      const speckle = ((x * 31 + y * 17 + frame * 7 + number + seed) * 2_654_435_761) >>> 25;
      if (isInFan)
        bytes[y * columns + x] = 20 + speckle + (Math.hypot(across * rows, y - rows / 2) < rows / 5 ? 0 : 40);
    }
  for (const [place, letter] of [...NAME].entries())
    for (const [row, dots] of (LETTERS[letter] ?? '').split(' ').entries())
      for (const [column, dot] of [...dots].entries())
        if (dot === '1')
          dotAt(bytes, columns, NAME_PLACE.x + place * 12 + column * 2, NAME_PLACE.y + row * 2);
  return bytes;
}

function dotAt(bytes: Uint8Array, columns: number, x: number, y: number): void {
  for (const at of [y * columns + x, (y + 1) * columns + x]) bytes.fill(240, at, at + 2);
}
