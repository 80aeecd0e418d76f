/** Encodes pictures as PNG files. No other module uses fast-png. */
import { encode } from 'fast-png';

/**
 * 8 bits a sample, rows from the top. `channels`: 1 for grey; 4 for red, green, blue and opacity (not premultiplied).
 */
type Raster = {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 4;
  readonly data: Uint8Array | Uint8ClampedArray;
};

export function encodePng({ width, height, channels, data }: Raster): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode({ width, height, channels, depth: 8, data }));
}
