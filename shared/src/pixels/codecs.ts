/**
 * Decodes JPEG 2000 and HTJ2K by OpenJPEG in WebAssembly, behind one interface. Nothing is loaded before the first
 * image that needs it. A module that trapped is discarded and loaded again. So is a module whose memory a large image
 * has enlarged, because the memory never shrinks.
 *
 * [Note: Why the other decoders are our own] JPEG in DICOM comprises five processes with 2 to 16 bits. Libraries cover
 * one or two of them (libjpeg-turbo 8 bits, jpeg-lossless-decoder-js only process 14); 12 bits and progressive 12 bits
 * are covered only by a module of 4 MB. CharLS's decoder runs for ever on damaged data ([Note: Why not CharLS's
 * decoder]). jpeg.ts and jpeg-ls.ts are 20 kB together, stop where their bytes end, and behave the same in browser and
 * Node.
 */

export interface Codecs {
  readonly jpeg2000: WaveletCodec;
}

export interface WaveletCodec {
  /**
   * The decoded image; null if the codestream is damaged. Rejects only if the module cannot be loaded. The caller owns
   * the result.
   */
  decode(codestream: Uint8Array): Promise<WaveletImage | null>;
}

interface WaveletImage {
  readonly width: number;
  readonly height: number;
  readonly componentCount: number;
  readonly bitsPerSample: number;
  readonly isSigned: boolean;
  /** Samples of a pixel are adjacent and little endian, in one byte up to 8 bits, in two up to 16. */
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

/** The modules' output is discarded, because it is meant only for their developers. */
export interface ModuleOptions {
  readonly locateFile?: (name: string) => string;
  readonly print: () => void;
  readonly printErr: () => void;
}
export const SILENT = { print: () => {}, printErr: () => {} } as const satisfies ModuleOptions;

/** The largest memory of a module that is kept, enough for an image of 6 million pixels. */
const KEPT_BYTES = 64 * 1024 ** 2;

/**
 * Whether the error is a `WebAssembly.RuntimeError`. It is recognised by name, because the gateway's types do not
 * include browser types.
 */
const isTrap = (error: unknown): boolean => error instanceof Error && error.name === 'RuntimeError';

/**
 * `instantiate` loads a module and returns its class. It is called on first use, and again after a module has trapped.
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
        // C++ exceptions arrive as numbers or as the module's own class, and the module stays usable. After a trap,
        // the state of its memory is unknown.
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
