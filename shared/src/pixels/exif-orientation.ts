/**
 * Reads how a camera was held from EXIF (CIPA DC-008 §4.6.4), the only EXIF value that changes what a person sees.
 * Nothing else of EXIF is read.
 */
import type { GreyPicture } from './picture.ts';

const ORIENTATION = 0x0112;
const SHORT = 3;
const ENTRY_BYTES = 12;

/**
 * 1 to 8. 1 is upright, and also the result if nothing can be read. `tiff` begins with the byte order, as in the eXIf
 * chunk of a PNG.
 */
export function exifOrientation(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const isLittle = tiff[0] === 0x49;
  if (
    tiff.length < 14 ||
    tiff[0] !== tiff[1] ||
    (!isLittle && tiff[0] !== 0x4d) ||
    view.getUint16(2, isLittle) !== 42
  )
    return 1;
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > tiff.length) return 1;
  const end = Math.min(tiff.length, directory + 2 + view.getUint16(directory, isLittle) * ENTRY_BYTES);
  for (let at = directory + 2; at + ENTRY_BYTES <= end; at += ENTRY_BYTES) {
    if (view.getUint16(at, isLittle) !== ORIENTATION || view.getUint16(at + 2, isLittle) !== SHORT) continue;
    const value = view.getUint16(at + 8, isLittle);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/**
 * Turns the picture as a person should see it. Orientations 2 to 4 are mirrored or upside down, 5 to 8 are on their
 * side.
 */
export function upright(picture: GreyPicture, orientation: number): GreyPicture {
  if (orientation === 1) return picture;
  const { rows, columns, grey } = picture;
  const isOnItsSide = orientation >= 5;
  // The orientations in which rows (3, 4, 6, 7) or columns (2, 3, 7, 8) are stored in reverse.
  const fromBottom = [3, 4, 6, 7].includes(orientation);
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const width = isOnItsSide ? rows : columns;
  const turned = Float32Array.from(grey, (_, at) => {
    const y = Math.floor(at / width);
    const x = at % width;
    const [row, column] = isOnItsSide ? [x, y] : [y, x];
    return grey[(fromBottom ? rows - 1 - row : row) * columns + (fromRight ? columns - 1 - column : column)]!;
  });
  return { rows: isOnItsSide ? columns : rows, columns: width, grey: turned };
}
