/** The viewer shows every pixel in the window that is asked for, in the modality's unit. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildInstance, type SimpleElement } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import { RESCALE_INTERCEPT, RESCALE_SLOPE, WINDOW_CENTER, WINDOW_WIDTH } from '#shared/dicom/tags.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openImage } from './read-image.ts';

const { identifiers } = syntheticStudy({ seed: 77 }).instances[0]!;
const codecs = loadCodecs();
const PIXELS = Uint16Array.from([0, 1024, 1064, 1224, 2024, 4095]);

function fileOf(elements: readonly SimpleElement[]): Uint8Array<ArrayBuffer> {
  const image = { rows: 2, columns: 3, bitsAllocated: 16 as const, pixels: new Uint8Array(PIXELS.buffer) };
  const given: readonly SimpleElement[] = [
    [RESCALE_SLOPE, 'DS', '1'],
    [RESCALE_INTERCEPT, 'DS', '-1024'],
    ...elements,
  ];
  const parts = buildInstance({
    ...{ identifiers, transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN },
    elements: given.toSorted(([a], [b]) => a - b),
    image,
  });
  return concatBytes(parts) as Uint8Array<ArrayBuffer>;
}

const drawn = async (
  window: { center: number; width: number } | null,
  elements: readonly SimpleElement[] = [],
) => {
  const opened = await openImage(fileOf(elements), codecs);
  const frame = (await opened!.draw(1, window))!;
  const greys = Array.from({ length: 6 }, (_, at) => frame.rgba[at * 4]);
  return { ...frame, greys, head: opened!.head };
};

test('it says whether the header rules out a name in the picture, by the rule of policies that remove names', async () => {
  const mayHoldName = async (...elements: SimpleElement[]) => (await drawn(null, elements)).head.mayHoldName;
  assert.equal(
    [
      await mayHoldName(),
      await mayHoldName([0x00280301, 'CS', 'YES']),
      await mayHoldName([0x00080008, 'CS', 'SCREEN']),
    ],
    [false, true, true],
  );
});

test('a window in Hounsfield units: black below, white above, even between', async () => {
  // 400 wide around 40: from -160 to 240.
  const { greys, head, values } = await drawn({ center: 40, width: 400 });
  assert.equal([head.columns, head.rows, head.frames, values], [3, 2, 1, [-1024, 3071]]);
  const greyOf = (value: number) => Math.round(((value - 39.5) / 399 + 0.5) * 255);
  assert.equal(greys, [0, greyOf(0), greyOf(40), greyOf(200), 255, 255]);
});

test('without one the header decides, and without that the values of the frame', async () => {
  const header = await drawn(null, [
    [WINDOW_CENTER, 'DS', '40'],
    [WINDOW_WIDTH, 'DS', '400'],
  ]);
  assert.equal(header.window, { center: 40, width: 400 });
  assert.equal(header.greys, (await drawn({ center: 40, width: 400 })).greys);
  const whole = await drawn(null);
  assert.equal([whole.window, whole.greys[0], whole.greys[5]], [{ center: 1023.5, width: 4095 }, 0, 255]);
});

test('the distance of pixels is the patient’s before the detector’s, and none is made up', async () => {
  const spacings: [readonly SimpleElement[], unknown][] = [
    [[[0x00280030, 'DS', '0.5', '0.25']], { row: 0.5, column: 0.25, at: 'patient' }],
    [[[0x00181164, 'DS', '0.1', '0.1']], { row: 0.1, column: 0.1, at: 'detector' }],
    [
      [
        [0x00181164, 'DS', '0.1', '0.1'],
        [0x00280030, 'DS', '0.5', '0.5'],
      ],
      { row: 0.5, column: 0.5, at: 'patient' },
    ],
    [
      [
        [0x00181164, 'DS', '0.5', '0.5'],
        [0x00280030, 'DS', '0.5', '0.5'],
      ],
      { row: 0.5, column: 0.5, at: 'detector' },
    ],
    [
      [
        [0x00181164, 'DS', '0.5', '0.5'],
        [0x00280030, 'DS', '0.5', '0.5'],
        [0x00280a02, 'CS', 'GEOMETRY'],
      ],
      { row: 0.5, column: 0.5, at: 'patient' },
    ],
    [[[0x00280030, 'DS', '0', '0']], null],
    [[[0x00280030, 'DS', '0.5']], null],
    [[], null],
  ];
  for (const [elements, spacing] of spacings) assert.equal((await drawn(null, elements)).spacing, spacing);
});

test('a frame that is not there is not drawn, and bytes that are no image are not opened', async () => {
  const opened = await openImage(fileOf([]), codecs);
  assert.is(await opened!.draw(2, null), null);
  assert.is(await openImage(new Uint8Array(400), codecs), null);
});

test.run();
