/**
 * JPEG-LS (ISO/IEC 14495-1) of one grey image, by CharLS in WebAssembly. Lossless: NEAR is 0. Everything is one component here; what is
 * done with colours and offsets stands in strip-transform.ts.
 *
 * The decoder meets bytes that nobody vouches for. So the header is read here first and must be the one that belongs to the shape that was asked for:
 * the decoder allocates nothing that a header merely claims. A module that trapped is thrown away and made anew.
 */

/** One grey image: up to 8 bits a sample in one byte, up to 16 in two, little endian. */
export interface GreyShape {
  /** Pixels, 1 to 65 535. */
  readonly width: number;
  readonly height: number;
  /** 2 to 16. */
  readonly bitsPerSample: number;
}

/** The coder and decoder. Both answer null where they cannot, and reject only where the module cannot be had; what they return is the caller's. */
export interface Charls {
  encode(samples: Uint8Array, shape: GreyShape): Promise<Uint8Array<ArrayBuffer> | null>;
  decode(coded: Uint8Array, shape: GreyShape): Promise<Uint8Array<ArrayBuffer> | null>;
}

type FrameInfo = GreyShape & { readonly componentCount: number };

/** A view of the module's memory, valid until the next call. */
type ModuleBytes = Uint8Array | Uint8ClampedArray;

interface JpegLSEncoder {
  getDecodedBuffer(frame: FrameInfo): ModuleBytes;
  setNearLossless(near: number): void;
  encode(): void;
  getEncodedBuffer(): ModuleBytes;
}

interface JpegLSDecoder {
  getEncodedBuffer(bytes: number): ModuleBytes;
  decode(): void;
  getDecodedBuffer(): ModuleBytes;
}

/** What is used of the WebAssembly module. */
export interface CharlsModule {
  readonly JpegLSEncoder: new () => JpegLSEncoder;
  readonly JpegLSDecoder: new () => JpegLSDecoder;
}

/** The bytes of an image of this shape, before it is coded. */
export function greyBytes({ width, height, bitsPerSample }: GreyShape): number {
  return width * height * (bitsPerSample > 8 ? 2 : 1);
}

/** `instantiate` makes a module: called at the first use, and again after one has trapped. */
export function createCharls(instantiate: () => Promise<CharlsModule>): Charls {
  let codec: Promise<{ encoder: JpegLSEncoder; decoder: JpegLSDecoder }> | null = null;

  async function use(work: (encoder: JpegLSEncoder, decoder: JpegLSDecoder) => ModuleBytes): Promise<Uint8Array<ArrayBuffer> | null> {
    codec ??= instantiate().then((module) => ({ encoder: new module.JpegLSEncoder(), decoder: new module.JpegLSDecoder() }));
    const { encoder, decoder } = await codec.catch((error: unknown) => {
      codec = null;
      throw error;
    });
    try {
      const { buffer, byteOffset, byteLength } = work(encoder, decoder);
      return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength).slice();
    } catch (error) {
      // Exceptions of C++ arrive as numbers and leave the module whole. Anything else is a trap: its memory is in no known state.
      if (typeof error !== 'number') codec = null;
      return null;
    }
  }

  return {
    async encode(samples, shape) {
      if (samples.length !== greyBytes(shape)) return null;
      return use((encoder) => {
        encoder.getDecodedBuffer({ ...shape, componentCount: 1 }).set(samples);
        encoder.setNearLossless(0);
        encoder.encode();
        return encoder.getEncodedBuffer();
      });
    },
    async decode(coded, shape) {
      if (!hasHeaderOf(coded, shape)) return null;
      const samples = await use((_, decoder) => {
        decoder.getEncodedBuffer(coded.length).set(coded);
        decoder.decode();
        return decoder.getDecodedBuffer();
      });
      return samples?.length === greyBytes(shape) ? samples : null;
    },
  };
}

/** ISO/IEC 14495-1 §C.2.4.1.1, a preset of coding parameters (LSE, identification 1): the coder writes one above 12 bits. */
const PRESET = [0xff, 0xf8, 0x00, 0x0d, 0x01];
const PRESET_BYTES = 15;
/** §C.2.3: one component, number 1, no mapping table; NEAR 0, not interleaved, no point transform. */
const START_OF_SCAN = [0xff, 0xda, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00];

/** Start of image, start of frame (§C.2.2: SOF55, one component) of exactly this shape, an optional preset, start of scan: nothing else. */
function hasHeaderOf(coded: Uint8Array, { width, height, bitsPerSample }: GreyShape): boolean {
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  const start = [0xff, 0xd8, 0xff, 0xf7, 0x00, 0x0b, bitsPerSample, ...size, 0x01, 0x01, 0x11, 0x00];
  const afterPreset = start.length + (isAt(coded, start.length, PRESET) ? PRESET_BYTES : 0);
  return isAt(coded, 0, start) && isAt(coded, afterPreset, START_OF_SCAN);
}

function isAt(bytes: Uint8Array, offset: number, expected: readonly number[]): boolean {
  return expected.every((byte, i) => bytes[offset + i] === byte);
}
