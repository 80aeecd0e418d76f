/**
 * Codes one grey image as JPEG-LS (ISO/IEC 14495-1), by CharLS in WebAssembly. Lossless: NEAR is 0. What is
 * done with colours and offsets stands in strip-transform.ts, decoding in jpeg-ls-decoder.ts. A module that
 * trapped is thrown away and made anew.
 */
import { greyBytes, type GreyShape } from './jpeg-ls-decoder.ts';

export interface Charls {
  /** Null where it cannot; rejects only where the module cannot be had. What it returns is the caller's. */
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
