/**
 * Codes one grey image as JPEG-LS (ISO/IEC 14495-1), with CharLS in WebAssembly. Coding is lossless: NEAR is 0.
 * strip-transform.ts handles colours and offsets, jpeg-ls-decoder.ts decodes. After a trap the module is discarded and
 * loaded again.
 */
import { greyBytes, type GreyShape } from './jpeg-ls-decoder.ts';

export interface Charls {
  /** Null: CharLS cannot code the image. Rejects only if the module cannot be loaded. The caller owns the result. */
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

/** `instantiate` makes a module. It is called at first use, and again after a module has trapped. */
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
        // C++ exceptions arrive as numbers and leave the module intact. Anything else is a trap, after which the
        // module's memory is in an unknown state.
        if (typeof error !== 'number') made = null;
        return null;
      }
    },
  };
}
