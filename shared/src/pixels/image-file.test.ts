/**
 * PNG and JPEG files that are sent to be looked at: read when they can be, and answered by name when not,
 * whatever they hold.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, crc32 } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CODED, CODED_COLUMNS, CODED_ROWS } from '#testing/coded-pictures.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { concatBytes } from '../dicom/encode.ts';
import { IMAGE_FILE_BYTES_LIMIT, readImageFile } from './image-file.ts';
import { decodeJpeg } from './jpeg.ts';

const test = suite('image files');
const { corpus } = testEnvironment();

type Chunk = readonly [type: string, content: Uint8Array];

function chunk([type, content]: Chunk): Uint8Array {
  const named = concatBytes([Buffer.from(type, 'latin1'), content]);
  const bytes = Buffer.alloc(named.length + 8);
  bytes.writeUInt32BE(content.length, 0);
  bytes.set(named, 4);
  bytes.writeUInt32BE(crc32(named), named.length + 4);
  return bytes;
}

interface Png {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly interlaced?: boolean;
  readonly before?: readonly Chunk[];
  /** Scanlines with their filter bytes. */
  readonly lines: Uint8Array;
}

function png({ width, height, depth, colourType, interlaced, before = [], lines }: Png): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType, 0, 0, interlaced ? 1 : 0], 8);
  const chunks: Chunk[] = [
    ['IHDR', header],
    ...before,
    ['IDAT', deflateSync(lines)],
    ['IEND', new Uint8Array()],
  ];
  return concatBytes([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), ...chunks.map(chunk)]);
}

const SIDE = 64;
const scanlines = (row: (y: number) => readonly number[]): Uint8Array =>
  Uint8Array.from(Array.from({ length: SIDE }, (_, y) => [0, ...row(y)]).flat());
const square = { width: SIDE, height: SIDE } as const;

async function greyAt(file: Uint8Array, column: number, row: number): Promise<number> {
  const read = await readImageFile(file);
  if (read.kind !== 'picture') throw new Error(read.because);
  return Math.round(read.picture.grey[row * read.picture.columns + column]! * 255);
}

const ACROSS = Array.from({ length: SIDE }, (_, x) => x * 4);
const PALETTE: Chunk = ['PLTE', Uint8Array.of(0, 0, 0, 40, 40, 40)];

/** A PNG whose rows hold these bytes. */
const drawn = (depth: number, colourType: number, row: readonly number[], ...before: Chunk[]): Uint8Array =>
  png({ ...square, depth, colourType, before, lines: scanlines(() => row) });

test('every depth and colour type of PNG comes out as the same grey', async () => {
  const times = (count: number, level: number): number[] => Array.from({ length: count }, () => level);
  const across = (samples: (level: number) => readonly number[]): number[] => ACROSS.flatMap(samples);
  const cases: readonly [string, Uint8Array, number][] = [
    ['8-bit grey', drawn(8, 0, ACROSS), 40],
    [
      '16-bit grey',
      drawn(
        16,
        0,
        across((level) => [level, level]),
      ),
      40,
    ],
    [
      'grey and alpha',
      drawn(
        8,
        4,
        across((level) => [level, 9]),
      ),
      40,
    ],
    [
      'RGB',
      drawn(
        8,
        2,
        across((level) => [level, level, level]),
      ),
      40,
    ],
    [
      'RGBA',
      drawn(
        8,
        6,
        across((level) => [level, level, level, 9]),
      ),
      40,
    ],
    ['4-bit grey', drawn(4, 0, times(32, 0x22)), 34],
  ];
  for (const [name, file, expected] of cases) assert.is(await greyAt(file, 10, 3), expected, name);
  const palette = drawn(1, 3, times(8, 0b00001111), PALETTE);
  assert.is(await greyAt(palette, 8, 3), 0, '1-bit palette');
  assert.is(await greyAt(palette, 12, 3), 40, 'the second entry of the palette');
});

test('filters and interlace are undone', async () => {
  /** Every row has this filter, and these bytes. */
  const filtered = (filter: number, byteAt: (x: number, y: number) => number): Uint8Array =>
    png({
      ...square,
      depth: 8,
      colourType: 0,
      lines: Uint8Array.from(
        Array.from({ length: SIDE }, (_, y) => [
          filter,
          ...Array.from({ length: SIDE }, (_, x) => byteAt(x, y)),
        ]).flat(),
      ),
    });
  assert.is(
    await greyAt(
      filtered(1, () => 3),
      9,
      0,
    ),
    30,
  );
  assert.is(
    await greyAt(
      filtered(2, () => 3),
      0,
      9,
    ),
    30,
  );
  assert.is(
    await greyAt(
      filtered(4, (x, y) => (x === 0 && y === 0 ? 77 : 0)),
      50,
      50,
    ),
    77,
  );
  // Adam7: each pass is full of its own number.
  const columns = [8, 8, 16, 16, 32, 32, 64];
  const rows = [8, 8, 8, 16, 16, 32, 32];
  const passes = Uint8Array.from(
    columns.flatMap((width, pass) =>
      Array.from({ length: rows[pass]! }, () => [0, ...Array.from({ length: width }, () => pass + 1)]).flat(),
    ),
  );
  const interlaced = png({ ...square, depth: 8, colourType: 0, interlaced: true, lines: passes });
  const places = ['0,0', '4,0', '0,4', '2,0', '0,2', '1,0', '0,1'].map((place) =>
    place.split(',').map(Number),
  );
  const seen = await Promise.all(places.map(([x, y]) => greyAt(interlaced, x!, y!)));
  assert.equal(seen, [1, 2, 3, 4, 5, 6, 7]);
});

const lines = scanlines(() => Array.from({ length: SIDE }, () => 7));
const plain = png({ ...square, depth: 8, colourType: 0, lines });

async function answer(file: Uint8Array): Promise<string> {
  const read = await readImageFile(file);
  return read.kind === 'refused' ? read.because : [read.type, ...read.warnings].join(' ');
}

test('a file of 50 MB is taken, one byte more is not', async () => {
  const most = new Uint8Array(IMAGE_FILE_BYTES_LIMIT + 1);
  most.set(plain);
  assert.is(await answer(most.subarray(0, IMAGE_FILE_BYTES_LIMIT)), 'png trailing-data-ignored');
  assert.is(await answer(most), 'file-too-large');
});

test('64 to 2048 pixels a side are taken', async () => {
  const of = (width: number, height: number): Uint8Array =>
    png({
      width,
      height,
      depth: 1,
      colourType: 0,
      lines: new Uint8Array(height * (1 + Math.ceil(width / 8))),
    });
  assert.equal(await Promise.all([of(64, 64), of(2048, 64), of(64, 2048)].map(answer)), [
    'png',
    'png',
    'png',
  ]);
  assert.equal(await Promise.all([of(63, 64), of(64, 63), of(2049, 64), of(64, 2049)].map(answer)), [
    'image-too-small',
    'image-too-small',
    'image-too-large',
    'image-too-large',
  ]);
});

test('a bomb is never opened: text, profiles, more rows than there are', async () => {
  const bomb = deflateSync(new Uint8Array(64 * 1024 * 1024));
  const text: Chunk = ['zTXt', concatBytes([Buffer.from('Comment\0\0'), bomb])];
  const profile: Chunk = ['iCCP', concatBytes([Buffer.from('icc\0\0'), bomb])];
  assert.is(
    await answer(png({ ...square, depth: 8, colourType: 0, before: [profile, text], lines })),
    'png metadata-ignored',
  );
  assert.is(
    await answer(png({ ...square, depth: 8, colourType: 0, lines: new Uint8Array(64 * 1024 * 1024) })),
    'image-damaged',
  );
});

/** EXIF with an orientation alone, in either byte order. */
function exif(orientation: number, isLittle: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(26));
  view.setUint16(0, isLittle ? 0x4949 : 0x4d4d);
  for (const [at, value] of [
    [2, 42],
    [8, 1],
    [10, 0x0112],
    [12, 3],
    [18, orientation],
  ] as const)
    view.setUint16(at, value, isLittle);
  view.setUint32(4, 8, isLittle);
  view.setUint32(14, 1, isLittle);
  return new Uint8Array(view.buffer);
}

/**
 * 96 × 64 with this EXIF, black but for its first pixel and the last one of its first row: where they lie says
 * how it was turned.
 */
function marked(content: Uint8Array): Uint8Array {
  const rows = Array.from({ length: 64 }, (_, y) => [
    0,
    ...Array.from({ length: 96 }, (_, x) => (y === 0 && x === 0 ? 255 : y === 0 && x === 95 ? 128 : 0)),
  ]);
  return png({
    width: 96,
    height: 64,
    depth: 8,
    colourType: 0,
    before: [['eXIf', content]],
    lines: Uint8Array.from(rows.flat()),
  });
}

/** By orientation: where the two pixels lie in the picture that a person sees. */
const PLACES: Readonly<Record<number, readonly [size: string, first: string, last: string]>> = {
  1: ['96x64', '0,0', '95,0'],
  2: ['96x64', '95,0', '0,0'],
  3: ['96x64', '95,63', '0,63'],
  4: ['96x64', '0,63', '95,63'],
  5: ['64x96', '0,0', '0,95'],
  6: ['64x96', '63,0', '63,95'],
  7: ['64x96', '63,95', '63,0'],
  8: ['64x96', '0,95', '0,0'],
};

test('a picture lies as a person sees it: the orientation of EXIF is undone', async () => {
  for (const isLittle of [true, false]) {
    for (const [orientation, expected] of Object.entries(PLACES)) {
      const read = await readImageFile(marked(exif(Number(orientation), isLittle)));
      if (read.kind !== 'picture') throw new Error(read.because);
      const { rows: height, columns: width, grey } = read.picture;
      const at = (value: number): string => {
        const place = grey.findIndex((one) => Math.abs(one - value) < 0.01);
        return `${place % width},${Math.floor(place / width)}`;
      };
      assert.equal([`${width}x${height}`, at(1), at(128 / 255)], expected, `orientation ${orientation}`);
    }
  }
});

test('EXIF that is damaged turns nothing, and is said to be ignored', async () => {
  for (const damaged of [
    exif(0, true),
    exif(9, true),
    exif(6, true).subarray(0, 20),
    new Uint8Array(14),
    new Uint8Array(),
    Uint8Array.of(0x49, 0x49, 42, 0, 255, 255, 255, 255, 1, 1, 1, 1, 1, 1),
  ]) {
    const read = await readImageFile(marked(damaged));
    assert.equal(read.kind === 'picture' && [read.picture.columns, read.warnings], [
      96,
      ['metadata-ignored'],
    ]);
  }
});

test('a JPEG tells its orientation', () => {
  const jpeg = new Uint8Array(CODED.jpegBaseline);
  const content = concatBytes([Buffer.from('Exif\0\0'), exif(6, true)]);
  const held = concatBytes([
    jpeg.subarray(0, 2),
    Uint8Array.of(0xff, 0xe1, 0, content.length + 2),
    content,
    jpeg.subarray(2),
  ]);
  const size = { rows: CODED_ROWS, columns: CODED_COLUMNS, samples: 1 };
  assert.equal(
    [jpeg, held].map((coded) => decodeJpeg(coded, size)?.markers.orientation),
    [1, 6],
  );
});

test('any byte that is changed in a PNG is noticed', async () => {
  for (let at = 8; at < plain.length; at += 1) {
    const changed = plain.slice();
    changed[at]! ^= 0x10;
    assert.is(await answer(changed), 'image-damaged', `byte ${at}`);
  }
  for (let length = 8; length < plain.length; length += 1)
    assert.is(await answer(plain.subarray(0, length)), 'image-damaged');
});

/** The answers that corpus/bad/README.md asks for; a warning stands for "accept with warning". */
const ANSWERS: Readonly<Record<string, string>> = {
  '01-png-63x64.png': 'image-too-small',
  '02-png-64x64.png': 'png',
  '03-png-2049x2048.png': 'image-too-large',
  '04-png-2048x2048.png': 'png',
  '06-png-16bit.png': 'png more-than-8-bits',
  '07-jpeg-truncated.jpg': 'image-damaged',
  '08-jpeg-cmyk.jpg': 'image-type-unsupported',
  '09-png-animated.png': 'png animation-first-frame',
  '10-png-corrupt-crc.png': 'image-damaged',
  '11-png-bomb-20000x20000.png': 'image-too-large',
  '12-png-lies.png': 'image-damaged',
  '13-jpeg-exif-gps.jpg': 'jpeg colour-converted metadata-ignored',
  '14-png-text-phi.png': 'png metadata-ignored',
  '15-jpeg-as-png.png': 'jpeg type-differs-from-name',
  '16-png-trailing-html.png': 'png trailing-data-ignored',
  '17-gif.png': 'image-type-unsupported',
  '18-png-palette-1bit.png': 'png',
};

if (corpus) {
  for (const [name, expected] of Object.entries(ANSWERS)) {
    test(`bad/images/${name}: ${expected}`, async () => {
      const read = await readImageFile(new Uint8Array(readFileSync(join(corpus, 'bad/images', name))), name);
      assert.is(read.kind === 'refused' ? read.because : [read.type, ...read.warnings].join(' '), expected);
    });
  }
} else skipped('hostile image files', 'the corpus is not there');

test.run();
