/**
 * Reads a QR code from a picture: with the browser (Shape Detection API) if possible, otherwise with the decoder of
 * `qr`, which is loaded on demand.
 */

/** The DOM's types do not include this yet. */
type Detector = { detect(source: ImageData): Promise<readonly { readonly rawValue: string }[]> };
type Detecting = {
  readonly BarcodeDetector?: {
    new (options: { formats: readonly string[] }): Detector;
    getSupportedFormats(): Promise<readonly string[]>;
  };
};

type ReadCode = (picture: ImageData) => Promise<string | null>;

/** A code of 700 characters has 117 modules per side. It needs a few pixels per module, and time to search twice. */
const DECODE_MS = 400;

/** Resolves to a function that reads a code, and returns null for a picture without one. */
export async function createCodeReader(scope: object): Promise<ReadCode> {
  const { BarcodeDetector } = scope as Detecting;
  if (BarcodeDetector && (await BarcodeDetector.getSupportedFormats()).includes('qr_code')) {
    const detector = new BarcodeDetector({ formats: ['qr_code'] });
    return async (picture) => (await detector.detect(picture))[0]?.rawValue ?? null;
  }
  const { decodeQR } = await import('qr/decode.js');
  return async ({ width, height, data }) => {
    try {
      return decodeQR({ width, height, data }, { timeLimit: DECODE_MS });
    } catch {
      // The decoder throws if it finds no code.
      return null;
    }
  };
}
