/**
 * Codes one grey image as JPEG-LS (ISO/IEC 14495-1), by CharLS in WebAssembly. Lossless: NEAR is 0.
 * strip-transform.ts handles colours and offsets, jpeg-ls-decoder.ts decodes. A module that trapped is
 * discarded and loaded again.
 */
import { greyBytes, type GreyShape } from './jpeg-ls-decoder.ts';

export interface Charls {
  /**
   * Null if it cannot code the image; rejects only if the module cannot be loaded. The caller owns the
   * result.
   */
  encode(samples: Uint8Array, shape: GreyShape): Promise<Uint8Array<ArrayBuffer> | null>;
}

/** A view of the module's memory, valid until the next call. */
type ModuleBytes = Uint8Array | Uint8ClampedArray;

interface JpegLSEncoder {
  getDecodedBuffer(frame: GreyShape & { readonly componentCount: number }): ModuleBytes;
  setNearLossless(near: number): void;
  encode(): void;
  getEncodedBuffer(): ModuleBytes;
}

/** The parts of the WebAssembly module used here. */
export interface CharlsModule {
  readonly JpegLSEncoder: new () => JpegLSEncoder;
}

/** `instantiate` makes a module: called at the first use, and again after one has trapped. */
export function createCharls(instantiate: () => Promise<CharlsModule>): Charls {
  let made: Promise<JpegLSEncoder> | null = null;
  return {
    async encode(samples, shape) {
      if (samples.length !== greyBytes(shape)) return null;
      made ??= instantiate().then(({ JpegLSEncoder }) => new JpegLSEncoder());
      const encoder = await made.catch((error: unknown) => {
        made = null;
        throw error;
      });
      try {
        encoder.getDecodedBuffer({ ...shape, componentCount: 1 }).set(samples);
        encoder.setNearLossless(0);
        encoder.encode();
        const { buffer, byteOffset, byteLength } = encoder.getEncodedBuffer();
        return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength).slice();
      } catch (error) {
        // Exceptions of C++ arrive as numbers and leave the module whole. Anything else is a trap: its memory
        // is in no known state.
        if (typeof error !== 'number') made = null;
        return null;
      }
    },
  };
}
