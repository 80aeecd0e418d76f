/**
 * A technician recognises a series by its picture, whatever its transfer syntax: the right frame, the right
 * way up, grey where it is grey.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import { CODED, CODED_COLUMNS, CODED_ROWS, pattern } from '#testing/coded-pictures.ts';
import { parsed } from '#testing/deidentified-file.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import type { BuiltImage, SimpleElement } from '../dicom/build-instance.ts';
import { EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, JPEG_BASELINE } from '../dicom/registry.ts';
import { loadCodecs } from './load-codecs.ts';
import { type Thumbnail, thumbnail } from './thumbnail.ts';

const codecs = loadCodecs();
const test = suite('thumbnails');
const { corpus } = testEnvironment();

async function drawnFrom(
  image: BuiltImage,
  elements: readonly SimpleElement[] = [],
  syntax: string = EXPLICIT_VR_LITTLE_ENDIAN,
): ReturnType<typeof thumbnail> {
  return drawnFile(builtFile(elements, { image, syntax }));
}

async function drawnFile(bytes: Uint8Array, maxSide = 64): ReturnType<typeof thumbnail> {
  const instance = await parsed(bytes);
  return thumbnail(instance, instance.dataSet, { maxSide }, { codecs });
}

function reds(drawn: Thumbnail | string): number[] {
  if (typeof drawn === 'string') throw new Error(drawn);
  return [...drawn.rgba].filter((_, i) => i % 4 === 0);
}

const WINDOW: SimpleElement[] = [
  [0x00281050, 'DS', '128'],
  [0x00281051, 'DS', '256'],
];

test('a window maps values to grey, MONOCHROME1 the other way round', async () => {
  const pixels = Uint8Array.of(0, 85, 170, 255);
  assert.equal(
    reds(await drawnFrom({ rows: 2, columns: 2, bitsAllocated: 8, pixels }, WINDOW)),
    [0, 85, 170, 255],
  );
  const inverted: BuiltImage = {
    rows: 2,
    columns: 2,
    bitsAllocated: 8,
    photometricInterpretation: 'MONOCHROME1',
    pixels,
  };
  assert.equal(reds(await drawnFrom(inverted, WINDOW)), [255, 170, 85, 0]);
});

test('a part of the range is spread from black to white, whatever window the header asks for', async () => {
  const ranged = async (image: BuiltImage, range: readonly [number, number]) => {
    const instance = await parsed(builtFile(WINDOW, { image }));
    return reds(await thumbnail(instance, instance.dataSet, { maxSide: 64, range }, { codecs }));
  };
  const grey: BuiltImage = {
    rows: 2,
    columns: 2,
    bitsAllocated: 8,
    pixels: Uint8Array.of(100, 110, 120, 140),
  };
  assert.equal(await ranged(grey, [0, 1]), [0, 64, 128, 255]);
  assert.equal(await ranged(grey, [0, 0.5]), [0, 128, 255, 255]);
  assert.equal(await ranged(grey, [0.5, 1]), [0, 0, 0, 255]);
  assert.equal(
    await ranged({ ...grey, photometricInterpretation: 'MONOCHROME1' }, [0, 0.5]),
    [255, 255, 255, 0],
  );
  const colour = { ...grey, columns: 1, photometricInterpretation: 'RGB' };
  assert.equal(await ranged({ ...colour, pixels: Uint8Array.of(0, 0, 0, 51, 0, 0) }, [0, 0.4]), [0, 128]);
});

for (const transferSyntaxUID of [EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN]) {
  test(`signed values, rescaled, with rubbish in the unused bits: ${transferSyntaxUID}`, async () => {
    const pixels = new Uint8Array(Uint16Array.of(0x0f80, 0xf07f, 0xf000, 0x0fff).buffer);
    const image: BuiltImage = {
      rows: 2,
      columns: 2,
      bitsAllocated: 16,
      bitsStored: 12,
      isSigned: true,
      pixels,
    };
    const elements: SimpleElement[] = [...WINDOW, [0x00281052, 'DS', '128'], [0x00281053, 'DS', '1']];
    assert.equal(reds(await drawnFrom(image, elements, transferSyntaxUID)), [0, 255, 128, 127]);
  });
}

test('without a window the whole range is shown', async () => {
  const pixels = new Uint8Array(Uint16Array.of(1000, 1001, 1002, 1003).buffer);
  const [first, , , last] = reds(await drawnFrom({ rows: 2, columns: 2, bitsAllocated: 16, pixels }));
  assert.ok(first! < 10 && last! > 245);
});

test('the middle frame represents the series, no side longer than requested', async () => {
  const frame = (value: number): number[] => Array.from({ length: 200 * 100 }, () => value);
  const pixels = Uint8Array.from([...frame(10), ...frame(200), ...frame(90)]);
  const drawn = await drawnFrom({ rows: 200, columns: 100, frames: 3, bitsAllocated: 8, pixels }, WINDOW);
  if (typeof drawn === 'string') throw new Error(drawn);
  assert.equal([drawn.width, drawn.height, drawn.rgba[0]], [32, 64, 200]);
});

const WHOLE_RANGE: SimpleElement[] = [
  [0x00281050, 'DS', '2048'],
  [0x00281051, 'DS', '4096'],
];

test('a JPEG frame is drawn according to the header: MONOCHROME1 is inverted, a window applies', async () => {
  const shape = { rows: CODED_ROWS, columns: CODED_COLUMNS, pixels: [CODED.jpegBaseline] };
  const drawn = reds(
    await drawnFrom(
      { ...shape, bitsAllocated: 8, photometricInterpretation: 'MONOCHROME1' },
      WINDOW,
      JPEG_BASELINE,
    ),
  );
  assert.ok(pattern('grey8').every((value, at) => Math.abs(255 - value - drawn[at]!) <= 4));
  const twelve: BuiltImage = {
    ...shape,
    bitsAllocated: 16,
    bitsStored: 12,
    pixels: [CODED.jpegExtended12],
  };
  const windowed = reds(await drawnFrom(twelve, WHOLE_RANGE, '1.2.840.10008.1.2.4.51'));
  assert.ok(pattern('grey12').every((value, at) => Math.abs(value / 16 - windowed[at]!) <= 2));
});

test('damaged pixels, video, a frame too large and an object without pixels give no picture, and say why', async () => {
  const image: BuiltImage = {
    rows: 8,
    columns: 8,
    bitsAllocated: 8,
    pixels: [Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)],
  };
  assert.is(await drawnFrom(image, [], JPEG_BASELINE), 'image-damaged');
  assert.is(await drawnFrom(image, [], '1.2.840.10008.1.2.4.102'), 'image-type-unsupported');
  const large = { ...image, rows: 8_200, columns: 8_200 };
  assert.is(await drawnFrom(large, [], JPEG_BASELINE), 'image-too-large');
  assert.is(await drawnFile(builtFile([])), 'image-without-pixels');
});

if (corpus) {
  test('the test pattern looks the same in RGB and through its palette', async () => {
    const pattern = (name: string): Uint8Array =>
      new Uint8Array(readFileSync(join(corpus, 'dev/sc-testpattern', name)));
    const rgb = await drawnFile(pattern('TestPattern_RGB.dcm'));
    const palette = await drawnFile(pattern('TestPattern_Palette.dcm'));
    const a = reds(rgb);
    const b = reds(palette);
    const differing = a.filter((red, i) => Math.abs(red - b[i]!) > 40).length;
    assert.ok(differing < a.length / 50, `${differing} of ${a.length} pixels differ`);
  });
} else skipped('thumbnails of real files', 'the corpus is not there');

test.run();
