/**
 * Written instances can be read back; reading a cut or changed file never takes it for whole, never throws
 * and never hangs.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import dcmjs from 'dcmjs';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { largeInstance, syntheticStudy } from '#testing/synthetic-study.ts';
import { blobSource, bytesSource, rangeSource } from './byte-source.ts';
import type { DicomElement } from './data-set.ts';
import { describeInstance } from './describe-instance.ts';
import { tagName } from './dictionary.ts';
import { concatBytes, encodeElement, encodeFileMeta } from './encode.ts';
import { missingFileMeta, readInstance } from './part10.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  JPEG_BASELINE,
  encodingOf,
} from './registry.ts';
import { PATIENT_NAME, PIXEL_DATA } from './tags.ts';
import { findElement, textOf } from './values.ts';
import { walkDataSet } from './walk-data-set.ts';

const test = suite('reading Part 10 files');
const { corpus } = testEnvironment();

async function ready(bytes: Uint8Array) {
  const outcome = await readInstance(bytesSource(bytes));
  if (outcome.kind !== 'ready') throw new Error(`refused: ${outcome.because} at ${outcome.where?.tag}`);
  return outcome.instance;
}

const SURFACE_SEGMENTATION = '1.2.840.10008.5.1.4.1.1.66.5';
const BASIC_TEXT_SR = '1.2.840.10008.5.1.4.1.1.88.11';

/** A CT of 4 × 4 pixels in about 1.5 kB: small enough to try every byte. */
function smallInstance(): Uint8Array {
  return syntheticStudy({ seed: 1, rows: 4, columns: 4, instancesPerSeries: 1 }).instances[0]!.bytes;
}

for (const transferSyntaxUID of [
  IMPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
]) {
  test(`instances written in ${transferSyntaxUID} are read back, with nested and private elements`, async () => {
    const [written] = syntheticStudy({
      seed: 2,
      transferSyntaxUID,
      patient: { name: 'Müller^Änne', id: 'P-7' },
    }).instances;
    const instance = await ready(written!.bytes);
    assert.equal(instance.identifiers, written!.identifiers);
    assert.is(instance.transferSyntaxUID, transferSyntaxUID);
    assert.equal(instance.warnings, []);
    const described = describeInstance(instance);
    assert.is(described.patientName, 'Müller^Änne');
    assert.equal(
      [described.rows, described.columns, described.frames, described.studyDate],
      [64, 64, 1, '2024-02-29'],
    );
    assert.is(findElement(instance.elements, PIXEL_DATA)?.bytes, null, 'pixels are not read');
    const nested = findElement(instance.elements, 0x00400275)?.items?.[0]?.elements.find(
      ({ tag }) => tag === 0x00400008,
    );
    assert.is(nested?.items?.length, 1);
    assert.is(instance.dataSetEnd, written!.bytes.length);
  });
}

test('fragments of compressed pixels are found without being read', async () => {
  const fragments = [new Uint8Array(40_000), new Uint8Array(20_000)];
  const image = {
    rows: 64,
    columns: 64,
    frames: 2,
    bitsAllocated: 8,
    photometricInterpretation: 'YBR_FULL_422',
    pixels: fragments,
  } as const;
  const bytes = builtFile([[PATIENT_NAME, 'PN', 'A^B']], { image, syntax: JPEG_BASELINE });
  const pixelData = findElement((await ready(bytes)).elements, PIXEL_DATA);
  assert.equal(
    pixelData?.fragments?.map(({ length }) => length),
    [0, 40_000, 20_000],
  );
  assert.is(pixelData?.endOffset, bytes.length);
});

test('a file cut at any byte is never taken for whole', async () => {
  const bytes = smallInstance();
  for (let length = 0; length < bytes.length; length++) {
    const outcome = await readInstance(rangeSource(bytesSource(bytes), { offset: 0, length }));
    // Cut between two elements, it may have been written without Pixel Data: a person is told.
    const isWarned = outcome.kind === 'ready' && outcome.instance.warnings.includes('pixel-data-missing');
    assert.ok(outcome.kind === 'refused' || isWarned, `cut to ${length} of ${bytes.length} bytes`);
  }
});

for (const zip of ['PK\u0003\u0004', 'PK\u0005\u0006', 'PK\u0007\u0008']) {
  test(`an instance that a PACS would unpack as an archive is refused (${JSON.stringify(zip)})`, async () => {
    const bytes = smallInstance();
    bytes.set(new TextEncoder().encode(zip));
    const outcome = await readInstance(bytesSource(bytes));
    assert.is(outcome.kind === 'refused' && outcome.because, 'forbidden-preamble');
    assert.is(
      (await readInstance(bytesSource(bytes), undefined, 'replaced')).kind,
      'ready',
      'harmless once the preamble is replaced',
    );
  });
}

test('a wrong length of the File Meta Information causes a warning, and a refusal if it points beyond the end of a file that is sent unchanged', async () => {
  const bytes = smallInstance();
  const outcomeWith = (length: number, rule: 'checked' | 'replaced') => {
    // PS3.10 §7.1: (0002,0000) is the first element after "DICM"; its value begins 8 bytes later.
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(140, length, true);
    return readInstance(bytesSource(bytes), undefined, rule);
  };
  for (const [length, rule] of [
    [0, 'checked'],
    [bytes.length - 144, 'checked'],
    [bytes.length, 'replaced'],
  ] as const) {
    const outcome = await outcomeWith(length, rule);
    assert.ok(
      outcome.kind === 'ready' && outcome.instance.warnings.includes('file-meta-length'),
      `${length} ${rule}`,
    );
  }
  assert.equal(await outcomeWith(bytes.length - 143, 'checked'), {
    kind: 'refused',
    because: 'length-beyond-end',
  });
});

test('any bytes at all get an answer', async () => {
  const bytes = smallInstance();
  const change = fc.record({
    at: fc.nat(bytes.length - 1),
    value: fc.nat(255),
    remove: fc.nat(3),
    insert: fc.uint8Array({ maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
      let changed = bytes;
      for (const { at, value, remove, insert } of changes) {
        changed = concatBytes([
          changed.subarray(0, at),
          Uint8Array.of(value),
          insert,
          changed.subarray(at + 1 + remove),
        ]);
      }
      const outcome = await readInstance(bytesSource(changed));
      assert.ok(outcome.kind === 'ready' || outcome.kind === 'refused');
    }),
    { numRuns: 2000, seed: 7 },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (noise) => {
      const file = concatBytes([new Uint8Array(128), new TextEncoder().encode('DICM'), noise]);
      assert.is((await readInstance(bytesSource(file))).kind, 'refused');
    }),
    { numRuns: 500, seed: 7 },
  );
});

test('wherever the bytes at hand end, the same elements are found', async () => {
  const bytes = smallInstance();
  const { dataSetOffset, encoding, elements } = await ready(bytes);
  const data = bytes.subarray(dataSetOffset);
  const shape = (found: readonly DicomElement[]): unknown[] =>
    found.map(({ tag, vr, bytes: value, items }) => [
      tag,
      vr,
      value && [...value],
      items?.map((item) => shape(item.elements)),
    ]);
  for (let atHand = 0; atHand < data.length; atHand++) {
    const walked = await walkDataSet(bytesSource(data), {
      start: 0,
      encoding,
      purpose: 'data-set',
      head: {
        offset: 0,
        bytes: data.subarray(0, atHand),
      },
    });
    assert.is(walked.kind, 'walked');
    assert.equal(shape(walked.elements), shape(elements));
  }
});

test('a value longer than the bytes at hand is read further or skipped, wherever it stands', async () => {
  for (const length of [32_000, 65_536, 65_538, 3_000_000]) {
    const value = new Uint8Array(length).fill(65);
    const elements = [
      [0x00290010, 'LO', 'LONG'] as const,
      [0x00291010, 'OB', value] as const,
      [0x0040a730, 'SQ', [[0x0040a160, 'UT', 'x'.repeat(length)]], [[0x0040a160, 'UT', 'end']]] as const,
      [PATIENT_NAME, 'PN', 'Long^Value'] as const,
    ];
    const image = { rows: 4, columns: 4, bitsAllocated: 8, pixels: new Uint8Array(16) } as const;
    const outcome = await readInstance(blobSource(new Blob([builtFile(elements, { image })])));
    if (outcome.kind !== 'ready') throw new Error(outcome.because);
    const item = findElement(outcome.instance.elements, 0x0040a730)!.items![1]!;
    assert.is(textOf(findElement(item.elements, 0x0040a160), outcome.instance), 'end');
    assert.is(findElement(outcome.instance.elements, 0x00291010)!.bytes === null, length > 65_536);
  }
});

test('hundreds of long values in a row cost little to pass', async () => {
  const value = new Uint8Array(100_000);
  const items = Array.from({ length: 500 }, () => [[0x00660016, 'OF', value] as const]);
  const elements = [[PATIENT_NAME, 'PN', 'A^B'] as const, [0x00660002, 'SQ', ...items] as const];
  const source = bytesSource(builtFile(elements, { sopClass: SURFACE_SEGMENTATION }));
  let read = 0;
  const outcome = await readInstance({
    size: source.size,
    read(offset, length) {
      read += length;
      return source.read(offset, length);
    },
  });
  assert.is(outcome.kind, 'ready');
  assert.ok(read < source.size / 10, `${read} of ${source.size} bytes read`);
});

test('an instance of 1 GiB is opened by its header', async () => {
  const { blob, identifiers } = largeInstance(1024, 5);
  let read = 0;
  const source = blobSource(blob);
  const outcome = await readInstance({
    size: source.size,
    read(offset, length) {
      read += length;
      return source.read(offset, length);
    },
  });
  assert.is(outcome.kind, 'ready');
  if (outcome.kind === 'ready') assert.equal(outcome.instance.identifiers, identifiers);
  assert.ok(read <= 64 * 1024, `${read} bytes read`);
});

test('a Data Set without File Meta Information gets one that makes it a Part 10 file', async () => {
  const bytes = smallInstance();
  const whole = await ready(bytes);
  assert.is(missingFileMeta(whole), null);
  const bare = await ready(bytes.subarray(whole.dataSetOffset));
  assert.is(bare.meta, null);
  const written = missingFileMeta(bare);
  assert.ok(written);
  const again = await ready(concatBytes([written!, bytes.subarray(whole.dataSetOffset)]));
  assert.equal(again.identifiers, whole.identifiers);
  assert.equal(again.warnings, []);
});

test('zero bytes behind the end are padding, other bytes are not', async () => {
  const bytes = smallInstance();
  assert.equal((await ready(concatBytes([bytes, new Uint8Array(2048)]))).warnings, ['trailing-padding']);
  assert.equal((await ready(concatBytes([bytes, new Uint8Array(3)]))).warnings, ['trailing-padding']);
  const behind = await readInstance(
    bytesSource(concatBytes([bytes, new Uint8Array(2048), Uint8Array.of(1)])),
  );
  assert.equal(behind.kind === 'refused' && behind.because, 'trailing-data');
});

test('an aborted reading ends with the caller’s reason', async () => {
  const reason = new Error('taken back');
  try {
    await readInstance(bytesSource(smallInstance()), AbortSignal.abort(reason));
    assert.unreachable();
  } catch (error) {
    assert.is(error, reason);
  }
});

test('deflated Data Sets are read after inflating them', async () => {
  const bytes = smallInstance();
  const { dataSetOffset, identifiers } = await ready(bytes);
  const dataSet = new Blob([bytes.subarray(dataSetOffset) as Uint8Array<ArrayBuffer>]);
  const deflated = concatBytes(
    await Array.fromAsync(dataSet.stream().pipeThrough(new CompressionStream('deflate-raw'))),
  );
  const meta = encodeFileMeta(identifiers, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN);
  for (const padding of [0, 1]) {
    const instance = await ready(concatBytes([meta, deflated, new Uint8Array(padding)]));
    assert.is(instance.encoding.deflated, true);
    assert.is(instance.dataSet.size, bytes.length - dataSetOffset);
  }
  for (let length = meta.length; length < meta.length + deflated.length; length += 37) {
    const outcome = await readInstance(bytesSource(concatBytes([meta, deflated]).subarray(0, length)));
    assert.is(outcome.kind, 'refused');
  }
});

type Dcmjs = {
  data: { DicomMessage: { readFile(buffer: ArrayBuffer): { dict: Record<string, unknown> } } };
  log: { getLogger(name: string): { setLevel(level: string): void } };
};

/** The top-level tags as dcmjs reads them: another reader's opinion of the same file. */
function tagsByDcmjs(bytes: Uint8Array): string[] {
  const { data, log } = dcmjs as unknown as Dcmjs;
  log.getLogger('validation.dcmjs').setLevel('silent');
  const { dict } = data.DicomMessage.readFile(bytes.slice().buffer as ArrayBuffer);
  return Object.keys(dict).map((tag) => `${tag.slice(0, 4)},${tag.slice(4)}`.toLowerCase());
}

test('dcmjs finds the same elements', async () => {
  for (const transferSyntaxUID of [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN]) {
    const { bytes } = syntheticStudy({ seed: 6, transferSyntaxUID }).instances[0]!;
    const { elements } = await ready(bytes);
    assert.equal(
      elements.map(({ tag }) => tagName(tag)),
      tagsByDcmjs(bytes).sort(),
    );
  }
});

/**
 * Every element again as it was encoded, but with defined lengths, as the de-identification writes kept
 * elements.
 */
function reencoded(elements: readonly DicomElement[], bytes: Uint8Array, bigEndian: boolean): Uint8Array[] {
  return elements.map((element) => {
    if (element.items || element.fragments) return bytes.subarray(element.offset, element.endOffset);
    const encoding = encodingOf(bigEndian ? EXPLICIT_VR_BIG_ENDIAN : EXPLICIT_VR_LITTLE_ENDIAN)!;
    const value = bytes.subarray(element.valueOffset, element.valueOffset + element.valueLength);
    return encodeElement({ tag: element.tag, vr: element.vr, value }, encoding);
  });
}

if (corpus) {
  test('real files come out of the encoder byte for byte', async () => {
    const files = [
      'ct-small/CT_small.dcm',
      'mr-small-syntaxes/MR_small_bigendian.dcm',
      'sr-reports/test-SR.dcm',
      'ecg-12lead/waveform_ecg.dcm',
    ];
    for (const file of files) {
      const bytes = new Uint8Array(readFileSync(join(corpus, 'dev', file)));
      const instance = await ready(bytes);
      const again = concatBytes(reencoded(instance.elements, bytes, instance.encoding.bigEndian));
      assert.equal(again, bytes.subarray(instance.dataSetOffset, instance.dataSetEnd), file);
    }
  });
} else skipped('real files through the encoder', 'the corpus is not there');

test('a cut in a real kind of object that has no pixels is still noticed inside an element', async () => {
  const elements = [
    [PATIENT_NAME, 'PN', 'A^B'] as const,
    [0x0040a730, 'SQ', [[0x0040a160, 'UT', 'text of a report']]] as const,
  ];
  const bytes = builtFile(elements, { sopClass: BASIC_TEXT_SR });
  assert.is((await ready(bytes)).identifiers.sopClassUID, BASIC_TEXT_SR);
  const outcome = await readInstance(bytesSource(bytes.subarray(0, bytes.length - 1)));
  assert.is(outcome.kind === 'refused' && outcome.because, 'truncated');
});

test.run();
