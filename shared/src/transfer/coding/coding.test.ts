/**
 * Nothing that is coded may come out other than it was, whatever the instance, the coder or the wire does.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { seededRandom, syntheticStudy } from '#testing/synthetic-study.ts';
import { type BuiltImage, type SimpleElement, buildInstance } from '../../dicom/build-instance.ts';
import { blobSource, bytesSource } from '../../dicom/byte-source.ts';
import {
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  JPEG_BASELINE,
} from '../../dicom/registry.ts';
import type { TransferSyntaxUID } from '../../dicom/uid.ts';
import { createCharls, type Charls, type CharlsModule } from './charls.ts';
import { codeInstance, type CodedInstance, type CodingTools } from './code-instance.ts';
import { CodingError, PIECE_BYTES } from './coded-format.ts';
import { codingPays } from './coding-pays.ts';
import { decodeJpegLS } from './jpeg-ls-decoder.ts';
import { loadCharls } from './load-charls.ts';
import { restoreInstance } from './restore-instance.ts';

const test = suite('lossless transport coding');
const TOOLS: CodingTools = { loadCharls };
const { identifiers } = syntheticStudy({ seed: 31 }).instances[0]!;

type Bytes = Uint8Array<ArrayBuffer>;

/** A soft slope with a little noise, like an image to a coder. */
function softBytes(length: number, step = 1): Bytes {
  const random = seededRandom(length);
  return Uint8Array.from({ length }, (_, i) => 100 + 60 * Math.sin(i / 90 / step) + 4 * random());
}

function softWords(count: number, offset = 0): Bytes {
  const random = seededRandom(count);
  return new Uint8Array(
    Int16Array.from({ length: count }, (_, i) => offset + 900 * Math.sin(i / 200) + 20 * random()).buffer,
  );
}

function instanceOf(
  image: BuiltImage | null,
  elements: readonly SimpleElement[] = [],
  transferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN,
): Blob {
  return new Blob(
    buildInstance({ identifiers, transferSyntaxUID, elements, ...(image && { image }) }) as Bytes[],
  );
}

async function bytesOf(blob: Blob): Promise<Bytes> {
  return new Uint8Array(await blob.arrayBuffer());
}

async function restored({ encoding, bytes }: CodedInstance, expectedBytes: number): Promise<Bytes> {
  if (encoding === null) return bytesOf(bytes);
  const pieces: Bytes[] = [];
  for await (const piece of restoreInstance(blobSource(bytes), encoding, expectedBytes)) pieces.push(piece);
  return bytesOf(new Blob(pieces));
}

async function codesTo(
  instance: Blob,
  encoding: CodedInstance['encoding'],
  atMost = 1,
  tools = TOOLS,
): Promise<CodedInstance> {
  const coded = await codeInstance(instance, tools);
  assert.equal(await restored(coded, instance.size), await bytesOf(instance));
  assert.is(coded.encoding, encoding);
  assert.ok(coded.bytes.size <= atMost * instance.size, `${coded.bytes.size} of ${instance.size}`);
  return coded;
}

const GREY: BuiltImage = { rows: 64, columns: 64, bitsAllocated: 8, pixels: softBytes(64 * 64) };
const CT: BuiltImage = {
  rows: 64,
  columns: 64,
  bitsAllocated: 16,
  isSigned: true,
  pixels: softWords(64 * 64),
};
const RGB: BuiltImage = {
  rows: 64,
  columns: 64,
  bitsAllocated: 8,
  photometricInterpretation: 'RGB',
  pixels: softBytes(64 * 64 * 3, 3),
};
const ICON: SimpleElement = [
  0x00880200,
  'SQ',
  [
    [0x00280002, 'US', 1],
    [0x00280004, 'CS', 'MONOCHROME2'],
    [0x00280010, 'US', 64],
    [0x00280011, 'US', 64],
    [0x00280100, 'US', 8],
    [0x00280101, 'US', 8],
    [0x00280102, 'US', 7],
    [0x00280103, 'US', 0],
    [0x7fe00010, 'OB', softBytes(4096)],
  ],
];
const BEHIND: SimpleElement[] = [
  [0x7fe10010, 'LO', 'SYNTHETIC HEADER'],
  [0x7fe11010, 'OB', softBytes(301)],
  [0xfffcfffc, 'OB', new Uint8Array(64)],
];

function isJpegLs(
  image: BuiltImage,
  what: string,
  elements: readonly SimpleElement[] = [],
  transferSyntaxUID?: TransferSyntaxUID,
): void {
  test(`smaller, and bit for bit again: ${what}`, async () => {
    await codesTo(instanceOf(image, elements, transferSyntaxUID), 'x-jls', 0.7);
  });
}

isJpegLs(GREY, 'grey of 8 bits');
isJpegLs(CT, 'signed samples around zero');
isJpegLs({ ...CT, pixels: softWords(4096).fill(0xf8, 0, 600) }, 'signed samples with padding values');
isJpegLs(
  { ...CT, isSigned: false, pixels: softWords(4096, -0x4000) },
  'samples with overlays in their high bits',
);
isJpegLs({ ...GREY, rows: 7, columns: 91, pixels: softBytes(637) }, 'an odd number of bytes, padded');
isJpegLs({ ...CT, rows: 16, frames: 4 }, 'many frames');
isJpegLs({ ...GREY, frames: 2, pixels: softBytes(64 * 64 * 3) }, 'more pixels than the frames need');
isJpegLs(CT, 'an icon before the pixels and private elements behind them', [ICON, ...BEHIND]);
isJpegLs(CT, 'implicit VR', BEHIND, IMPLICIT_VR_LITTLE_ENDIAN);
isJpegLs(RGB, 'colours');
isJpegLs({ ...RGB, photometricInterpretation: 'YBR_FULL' }, 'luminance and chrominance');

test('colours that are stored plane after plane are restored exactly', async () => {
  const bytes = await bytesOf(instanceOf({ ...RGB, pixels: softBytes(64 * 64 * 3) }));
  const at = Buffer.from(bytes.buffer).indexOf(Buffer.from([0x28, 0, 6, 0, 0x55, 0x53, 2, 0]));
  bytes[at + 8] = 1;
  await codesTo(new Blob([bytes]), 'x-jls', 0.7);
});

test('any pixels of any size are restored exactly', async () => {
  const image = fc.record({
    columns: fc.integer({ min: 1, max: 40 }),
    rows: fc.integer({ min: 1, max: 40 }),
    kind: fc.constantFrom('grey', 'words', 'RGB', 'palette'),
  });
  const values = fc.record({ seed: fc.integer(), spread: fc.constantFrom(1, 3, 40, 256), extra: fc.nat(9) });
  await fc.assert(
    fc.asyncProperty(image, values, async ({ columns, rows, kind }, { seed, spread, extra }) => {
      const random = seededRandom(seed);
      const perPixel = kind === 'RGB' ? 3 : kind === 'words' ? 2 : 1;
      const pixels = Uint8Array.from(
        { length: columns * rows * perPixel + extra },
        () => seed + spread * random(),
      );
      const palette: SimpleElement[] = [0x00281101, 0x00281102, 0x00281103].flatMap(
        (tag): SimpleElement[] => [
          [tag, 'US', 256, 0, 16],
          [tag + 0x100, 'OW', new Uint8Array(512)],
        ],
      );
      const photometricInterpretation =
        kind === 'RGB' ? 'RGB' : kind === 'palette' ? 'PALETTE COLOR' : 'MONOCHROME2';
      const built = {
        rows,
        columns,
        bitsAllocated: kind === 'words' ? 16 : 8,
        photometricInterpretation,
        pixels,
      } as const;
      const instance = instanceOf(built, kind === 'palette' ? palette : []);
      assert.equal(
        await restored(await codeInstance(instance, TOOLS), instance.size),
        await bytesOf(instance),
      );
    }),
    { numRuns: 60 },
  );
});

test('a large instance is restored in pieces that a tablet can hold, and the pieces are read one by one', async () => {
  const rows = 700;
  const columns = 1001;
  const frames = 6;
  const instance = instanceOf({
    rows,
    columns,
    frames,
    bitsAllocated: 16,
    pixels: softWords(rows * columns * frames),
  });
  const { encoding, bytes } = await codesTo(instance, 'x-jls', 0.5);
  const reads: number[] = [];
  const pieces: number[] = [];
  const source = {
    size: bytes.size,
    read(offset: number, length: number) {
      reads.push(length);
      return blobSource(bytes).read(offset, length);
    },
  };
  for await (const piece of restoreInstance(source, encoding!, instance.size)) pieces.push(piece.length);
  assert.ok(Math.max(...reads, ...pieces) <= PIECE_BYTES);
});

test('compressed data and noise are sent as they are', async () => {
  const jpeg = crypto.getRandomValues(new Uint8Array(20_000));
  await codesTo(instanceOf({ ...GREY, pixels: [new Uint8Array(0), jpeg] }, [], JPEG_BASELINE), null);
  await codesTo(
    instanceOf({ ...GREY, rows: 300, columns: 200, pixels: crypto.getRandomValues(new Uint8Array(60_000)) }),
    null,
  );
  await codesTo(instanceOf(null, [[0x00291010, 'OB', crypto.getRandomValues(new Uint8Array(60_000))]]), null);
});

test('a header that is large compared with its compressed pixels is deflated, and the pixels are left alone', async () => {
  const notes: SimpleElement = [0x00104000, 'LT', 'ordinary words, again and again; '.repeat(300)];
  const jpeg = crypto.getRandomValues(new Uint8Array(2_000));
  await codesTo(
    instanceOf({ ...GREY, pixels: [new Uint8Array(0), jpeg] }, [notes], JPEG_BASELINE),
    'x-jls',
    0.4,
  );
});

test('an instance without pixels for JPEG-LS is deflated like HTTP, so that any server can undo it', async () => {
  const words: SimpleElement = [0x00104000, 'LT', 'ordinary words, again and again; '.repeat(300)];
  const coded = await codesTo(instanceOf(null, [words]), 'deflate', 0.3);
  const inflated = new Response(coded.bytes.stream().pipeThrough(new DecompressionStream('deflate')));
  assert.is((await inflated.arrayBuffer()).byteLength, instanceOf(null, [words]).size);
  await codesTo(instanceOf(CT, [], EXPLICIT_VR_BIG_ENDIAN), 'deflate');
  await codesTo(new Blob(['not an instance at all '.repeat(100)]), 'deflate');
});

/** The faults of a coder. */
const LIARS: Readonly<Record<string, (charls: Charls) => Charls>> = {
  'one bit of an image changes': (charls) => ({
    encode: async (samples, shape) =>
      charls.encode(
        samples.map((byte, i) => (i === 9 ? byte ^ 1 : byte)),
        shape,
      ),
  }),
  'it codes an image of another size': (charls) => ({
    encode: async (samples, { height, ...shape }) => charls.encode(samples, { ...shape, height: height / 2 }),
  }),
  'it writes something else': () => ({ encode: async () => new Uint8Array(50) }),
  'its output is larger': () => ({ encode: async (samples) => new Uint8Array(samples.length + 1) }),
  'it can do nothing': () => ({ encode: async () => null }),
};

for (const [what, lie] of Object.entries(LIARS)) {
  test(`a coder that cannot be trusted harms nothing: ${what}`, async () => {
    const lying = lie(await loadCharls());
    await codesTo(instanceOf(CT), null, 1, { loadCharls: async () => lying });
  });
}

test('a device that cannot fetch its coder sends as it is', async () => {
  const without = createCharls(async () => Promise.reject(new Error('no module')));
  await codesTo(instanceOf(CT), null, 1, { loadCharls: async () => without });
});

test('a module that traps is created again, and the next image is coded', async () => {
  let made = 0;
  const trap = () => {
    throw new Error('unreachable');
  };
  const broken = { getDecodedBuffer: trap, getEncodedBuffer: trap, setNearLossless: trap, encode: trap };
  const trapping = {
    // biome-ignore lint/complexity/useArrowFunction: the code under test calls it with new.
    JpegLSEncoder: function () {
      return broken;
    },
  } as unknown as CharlsModule;
  const { default: createModule } = await import('@cornerstonejs/codec-charls/wasmjs');
  const charls = createCharls(async () => {
    made += 1;
    return made === 1 ? trapping : createModule();
  });
  const shape = { width: 8, height: 8, bitsPerSample: 8 };
  assert.is(await charls.encode(new Uint8Array(64), shape), null);
  const coded = await charls.encode(new Uint8Array(64), shape);
  assert.equal(decodeJpegLS(coded!, shape), new Uint8Array(64));
  assert.is(made, 2);
});

/** 'right', 'refused', or what else it was. A stream may be refused at its very end, behind wrong bytes. */
async function outcomeOf(coded: Bytes, encoding: string, original: Bytes): Promise<string> {
  let at = 0;
  let isRight = true;
  try {
    for await (const piece of restoreInstance(bytesSource(coded), encoding, original.length)) {
      isRight &&= piece.every((byte, i) => byte === original[at + i]);
      at += piece.length;
    }
    return isRight && at === original.length ? 'right' : 'wrong bytes';
  } catch (error) {
    return error instanceof CodingError ? 'refused' : String(error);
  }
}

for (const encoding of ['x-jls', 'deflate'] as const) {
  const instance = instanceOf(encoding === 'x-jls' ? CT : null, [
    ICON,
    [0x00104000, 'LT', 'words, words, words; '.repeat(40)],
  ]);

  test(`damage to ${encoding} is found, or it was none: only the right bytes have an end, and nothing hangs`, async () => {
    const coded = await bytesOf((await codesTo(instance, encoding)).bytes);
    const original = await bytesOf(instance);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(coded.length - 1), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        async (flips) => {
          const damaged = coded.slice();
          for (const [at, mask] of flips) damaged[at]! ^= mask;
          assert.ok(['right', 'refused'].includes(await outcomeOf(damaged, encoding, original)));
        },
      ),
      { numRuns: 300 },
    );
    for (let end = 0; end < coded.length; end += 1 + Math.floor(coded.length / 60))
      assert.is(await outcomeOf(coded.slice(0, end), encoding, original), 'refused');
    // The beginning, where the lengths stand, byte by byte.
    for (let at = 0; at < 30; at += 1)
      assert.ok(
        ['right', 'refused'].includes(
          await outcomeOf(
            coded.map((byte, i) => (i === at ? byte ^ 0x81 : byte)),
            encoding,
            original,
          ),
        ),
      );
  });

  test(`bytes that are not ${encoding} are refused`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.nat(4), async (bytes, kind) => {
        const coded = Uint8Array.from([1, kind, ...bytes]);
        assert.is(
          await outcomeOf(
            encoding === 'x-jls' ? coded : Uint8Array.from(bytes),
            encoding,
            new Uint8Array(1000),
          ),
          'refused',
        );
      }),
      { numRuns: 200 },
    );
  });

  test(`${encoding} that restores to more or less than promised is refused`, async () => {
    const coded = await codeInstance(instance, TOOLS);
    for (const promised of [instance.size - 1, instance.size + 1, 0, 10]) {
      let bytes = 0;
      try {
        for await (const piece of restoreInstance(blobSource(coded.bytes), encoding, promised))
          bytes += piece.length;
        assert.unreachable();
      } catch (error) {
        assert.instance(error, CodingError);
      }
      assert.ok(bytes <= promised);
    }
  });
}

test('a decompression bomb is stopped before it fills the memory', async () => {
  const bomb = await bytesOf(
    await new Response(
      new Blob([new Uint8Array(64 * 1024 * 1024)]).stream().pipeThrough(new CompressionStream('deflate')),
    ).blob(),
  );
  assert.is(await outcomeOf(bomb, 'deflate', new Uint8Array(1000)), 'refused');
  const segment = new Uint8Array(14 + bomb.length);
  segment.set([1, 1]);
  new DataView(segment.buffer).setUint32(2, bomb.length, true);
  new DataView(segment.buffer).setUint32(6, 2_000_000, true);
  segment.set(bomb, 14);
  assert.is(await outcomeOf(segment, 'x-jls', new Uint8Array(2_000_000)), 'refused');
});

test('an unknown encoding is refused; an abort ends the work; an unreadable source throws its own error', async () => {
  assert.is(await outcomeOf(new Uint8Array(10), 'gzip', new Uint8Array(10)), 'refused');
  const gone = AbortSignal.abort(new Error('gone'));
  await codeInstance(instanceOf(CT), { loadCharls, signal: gone }).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'gone'),
  );
  const unreadable = { size: 10, read: async () => Promise.reject(new Error('no disk')) };
  for (const encoding of ['x-jls', 'deflate']) {
    const pieces = restoreInstance(unreadable, encoding, 10);
    await pieces.next().then(
      () => assert.unreachable(),
      (error: Error) => assert.is(error.message, 'no disk'),
    );
  }
});

test('coding is used where it makes the upload faster: slow links, and devices that are fast enough', () => {
  const MB = 1e6;
  const rates = { codeBytesPerSecond: 25 * MB, expectedRatio: 0.4 };
  assert.ok(codingPays({ ...rates, linkBytesPerSecond: 6 * MB }));
  assert.not(codingPays({ ...rates, linkBytesPerSecond: 24 * MB }));
  assert.not(codingPays({ ...rates, linkBytesPerSecond: 6 * MB, codeBytesPerSecond: 3 * MB }));
  assert.not(codingPays({ ...rates, linkBytesPerSecond: 6 * MB, expectedRatio: 0.97 }));
  assert.ok(codingPays({ ...rates, linkBytesPerSecond: null }), 'offline there is time');
  assert.ok(
    codingPays({ ...rates, linkBytesPerSecond: 1 * MB, codeBytesPerSecond: null }),
    'a device that has coded nothing yet',
  );
  assert.not(codingPays({ ...rates, linkBytesPerSecond: 100 * MB, codeBytesPerSecond: null }));
  assert.not(
    codingPays({ ...rates, linkBytesPerSecond: 60 * MB, codeBytesPerSecond: 400 * MB }),
    'the gateway would restore more slowly than the link carries',
  );
  assert.ok(codingPays({ ...rates, linkBytesPerSecond: 20 * MB, codeBytesPerSecond: 400 * MB }));
});

test.run();
