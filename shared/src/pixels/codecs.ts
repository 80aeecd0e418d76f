/**
 * JPEG 2000 and HTJ2K by OpenJPEG in WebAssembly, behind one door. Nothing is loaded before the first image
 * that needs it; a module that trapped is discarded and loaded again, and so is one that a large image has filled, for
 * its memory never becomes smaller.
 *
 * [Note: Why the other decoders are our own] JPEG in DICOM is five processes of 2 to 16 bits. Libraries cover
 * one or two each (libjpeg-turbo 8 bits, jpeg-lossless-decoder-js process 14 alone), 12 bits and progressive
 * 12 bits none but a module of 4 MB; CharLS's decoder runs for ever on damage ([Note: Why not CharLS's
 * decoder]). jpeg.ts and jpeg-ls.ts are 20 kB together, end where their bytes end, and are the same in
 * browser and Node.
 */

export interface Codecs {
  readonly jpeg2000: WaveletCodec;
}

export interface WaveletCodec {
  /**
   * The decoded image; null where the codestream is damaged. Rejects only where the module cannot be had. The
   * caller owns the result.
   */
  decode(codestream: Uint8Array): Promise<WaveletImage | null>;
}

interface WaveletImage {
  readonly width: number;
  readonly height: number;
  readonly componentCount: number;
  readonly bitsPerSample: number;
  readonly isSigned: boolean;
  /** Samples of a pixel beside each other, little endian, in one byte up to 8 bits, in two up to 16. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A view of the module's memory, valid until the next call. */
type ModuleBytes = Uint8Array | Uint8ClampedArray;

/** The parts of the decoder used here. */
export interface WaveletDecoder {
  getEncodedBuffer(bytes: number): ModuleBytes;
  decode(): void;
  getFrameInfo(): Omit<WaveletImage, 'bytes'>;
  getDecodedBuffer(): ModuleBytes;
  delete(): void;
}

/** The modules' output is discarded: it is meant for those who build them. */
export interface ModuleOptions {
  readonly locateFile?: (name: string) => string;
  readonly print: () => void;
  readonly printErr: () => void;
}
export const SILENT = { print: () => {}, printErr: () => {} } as const satisfies ModuleOptions;

/** A module's memory for an image of 6 million pixels. */
const KEPT_BYTES = 64 * 1024 ** 2;

/**
 * `WebAssembly.RuntimeError`, by the name that it has where no type of it is known (the gateway's types have
 * no browser's).
 */
const isTrap = (error: unknown): boolean => error instanceof Error && error.name === 'RuntimeError';

/**
 * `instantiate` makes a module and gives its class: called at the first use, and again after one has trapped.
 */
export function createWaveletCodec(instantiate: () => Promise<new () => WaveletDecoder>): WaveletCodec {
  let made: Promise<new () => WaveletDecoder> | null = null;
  return {
    async decode(codestream) {
      made ??= instantiate();
      const Decoder = await made.catch((error: unknown) => {
        made = null;
        throw error;
      });
      let decoder: WaveletDecoder | null = null;
      try {
        decoder = new Decoder();
        decoder.getEncodedBuffer(codestream.length).set(codestream);
        decoder.decode();
        const { width, height, componentCount, bitsPerSample, isSigned } = decoder.getFrameInfo();
        const { buffer, byteOffset, byteLength } = decoder.getDecodedBuffer();
        const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength).slice();
        if (buffer.byteLength > KEPT_BYTES) made = null;
        return { width, height, componentCount, bitsPerSample, isSigned, bytes };
      } catch (error) {
        // Exceptions of C++ arrive as numbers or as the module's own class and leave it whole. A trap leaves
        // its memory in no known state.
        if (isTrap(error) || error instanceof RangeError) {
          made = null;
          decoder = null;
        }
        return null;
      } finally {
        decoder?.delete();
      }
    },
  };
}
