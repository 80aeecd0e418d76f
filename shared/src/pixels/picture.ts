/**
 * The forms of a decoded frame. A *frame* holds the stored values of the codestream or the native bytes. A *grey
 * picture* is what models and screens use: the frame after modality LUT, VOI LUT and photometric interpretation.
 */

/**
 * Stored values of one frame, sign extended and with unused high bits cleared. Rows from the top; the samples of a
 * pixel are adjacent.
 */
export interface Frame {
  readonly rows: number;
  readonly columns: number;
  readonly samples: 1 | 3;
  readonly values: FrameValues;
  /** After decoding: MONOCHROME1, MONOCHROME2, PALETTE COLOR or RGB (a YBR frame was converted). */
  readonly photometricInterpretation: string;
  /** The number of the frame in the instance, from 0: functional groups have values for each frame. */
  readonly index: number;
}
export type FrameValues =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/**
 * Grey from 0 (black) to 1 (white), as a person would see it: MONOCHROME1 is inverted, colour is luma. `rows`
 * × `columns` values, rows from the top.
 */
export interface GreyPicture {
  readonly rows: number;
  readonly columns: number;
  readonly grey: Float32Array;
}

/** Why an instance yields no picture. Each is a code of inference-problems.ts. */
export type PictureRefusal =
  | 'image-without-pixels'
  | 'frame-not-found'
  | 'image-too-large'
  | 'image-damaged'
  | 'image-type-unsupported';

/** Why a PNG or JPEG file yields no picture. Each is a code of inference-problems.ts. */
export type ImageRefusal =
  | 'file-too-large'
  | 'image-too-small'
  | 'image-too-large'
  | 'image-damaged'
  | 'image-type-unsupported';

/** Warnings about an image file that yielded a picture. */
export type ImageWarning =
  | 'more-than-8-bits'
  | 'colour-converted'
  | 'transparency-ignored'
  | 'animation-first-frame'
  | 'metadata-ignored'
  | 'trailing-data-ignored'
  | 'type-differs-from-name';

/**
 * The most memory that a decoded frame may take: 16 384 × 8 192 pixels of 16 bits, four times the largest detector.
 * Twice as much would exhaust the memory of a tablet's worker, which holds the codestream, the samples and the grey
 * picture at once.
 */
export const FRAME_BYTES_LIMIT = 256 * 1024 * 1024;
