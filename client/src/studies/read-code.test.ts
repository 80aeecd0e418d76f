/** A code is read by the browser where it can, else by the decoder that is loaded for it. */
import encodeQR from 'qr';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createCodeReader } from './read-code.ts';

const test = suite('reading a receipt’s code');
/** A text as long as the code of a receipt. */
const TEXT = `eyJhbGciOiJFZERTQSJ9.${'A1b2C3'.repeat(100)}.${'z'.repeat(86)}`;
const PIXELS = 4;

/** A picture of the code, each module some pixels wide. */
function pictureOf(text: string): ImageData {
  const modules = encodeQR(text, 'raw', { ecc: 'medium', border: 4 });
  const side = modules.length * PIXELS;
  const data = new Uint8ClampedArray(side * side * 4).fill(255);
  for (let y = 0; y < side; y += 1)
    for (let x = 0; x < side; x += 1) {
      const dark = modules[Math.floor(y / PIXELS)]?.[Math.floor(x / PIXELS)] === true;
      if (dark) data.fill(0, (y * side + x) * 4, (y * side + x) * 4 + 3);
    }
  return { width: side, height: side, data, colorSpace: 'srgb' } as ImageData;
}

test('where the browser cannot read codes, the decoder does', async () => {
  const read = await createCodeReader({});
  assert.is(await read(pictureOf(TEXT)), TEXT);
  const empty = { width: 64, height: 64, data: new Uint8ClampedArray(64 * 64 * 4).fill(255) } as ImageData;
  assert.is(await read(empty), null);
});

test('where the browser can, it is asked, and one that reads other codes only is not', async () => {
  const found = [{ rawValue: TEXT }];
  class BarcodeDetector {
    static formats = ['qr_code'];
    static getSupportedFormats = async () => BarcodeDetector.formats;
    detect = async () => found;
  }
  const picture = pictureOf('anything else');
  assert.is(await (await createCodeReader({ BarcodeDetector }))(picture), TEXT);
  found.length = 0;
  assert.is(await (await createCodeReader({ BarcodeDetector }))(picture), null);
  BarcodeDetector.formats = ['ean_13'];
  assert.is(await (await createCodeReader({ BarcodeDetector }))(picture), 'anything else');
});

test.run();
