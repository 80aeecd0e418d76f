/** The gateway compares the boxes that an instance names as covered with its pixels, whoever sent it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BOXES_LIMIT, DEIDENTIFICATION_METHOD, type Box, type CoveredBoxes } from '#shared/dicom/boxes.ts';
import { buildInstance, type SimpleElement } from '#shared/dicom/build-instance.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, RLE_LOSSLESS, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { parseUid, type TransferSyntaxUID } from '#shared/dicom/uid.ts';
import { deidentifyInstance } from '#shared/deid/deidentify-instance.ts';
import { encodeRle } from '#shared/pixels/rle.ts';
import { covered } from '#testing/covered-file.ts';
import { bytesOf, parsed, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import type { PolicyRules } from '../plan/pipeline-tools.ts';
import { createCheckThread } from './check-thread.ts';
import { verifyInstance, type VerifyRules } from './verify-instance.ts';

const test = suite('covered pixels at the gateway');
const pseudonyms = await pseudonymsOf(1);
const rules: VerifyRules = { kind: 'deidentified', rules: rulesOf(), pseudonyms };
const BOX: Box = { x: 2, y: 1, width: 4, height: 3, frames: null };
const SIDE = 8;

function fileOf(syntax: TransferSyntaxUID, ...elements: readonly SimpleElement[]): Uint8Array {
  const plain = new Uint8Array(SIDE * SIDE).fill(77);
  const pixels = syntax === RLE_LOSSLESS ? [encodeRle([plain], SIDE)] : plain;
  return concatBytes(
    buildInstance({
      identifiers: {
        studyInstanceUID: parseUid('StudyInstanceUID', '1.2.3.780.1'),
        seriesInstanceUID: parseUid('SeriesInstanceUID', '1.2.3.780.2'),
        sopInstanceUID: parseUid('SOPInstanceUID', '1.2.3.780.3'),
        sopClassUID: SOP_CLASSES.US,
      },
      transferSyntaxUID: syntax,
      elements: [
        [0x00080060, 'CS', 'US'],
        [0x00100010, 'PN', 'DOE^JANE'],
        [0x00100020, 'LO', 'PAT-1'],
        ...elements,
      ],
      image: { rows: SIDE, columns: SIDE, bitsAllocated: 8, pixels },
    }),
  );
}

async function sent(file: Uint8Array): Promise<Uint8Array> {
  const made = await covered(await parsed(file), [BOX]);
  const outcome =
    made &&
    (await deidentifyInstance(made.instance, rulesOf(), pseudonyms, {
      looked: ['pixels'],
      covered: made.boxes as CoveredBoxes,
    }));
  if (outcome?.kind !== 'ready') throw new Error('it cannot be covered');
  return bytesOf(outcome.segments, made!.instance.dataSet);
}

const promisedOf = ({ identifiers, transferSyntaxUID }: Awaited<ReturnType<typeof parsed>>) => ({
  study_instance_uid: identifiers.studyInstanceUID,
  series_instance_uid: identifiers.seriesInstanceUID,
  sop_instance_uid: identifiers.sopInstanceUID,
  sop_class_uid: identifiers.sopClassUID,
  transfer_syntax_uid: transferSyntaxUID,
});

const verdictOf = async (file: Uint8Array) =>
  verifyInstance(bytesSource(file), promisedOf(await parsed(file)), rules, new AbortController().signal);

const MISMATCH = { kind: 'quarantined', because: 'cover-mismatch' };

for (const syntax of [EXPLICIT_VR_LITTLE_ENDIAN, RLE_LOSSLESS]) {
  test(`boxes that are blank pass (${syntax}); one pixel in one of them that is not is a mismatch`, async () => {
    const file = await sent(fileOf(syntax));
    assert.equal(await verdictOf(file), { kind: 'verified' });
    const { element, bytes } = await pixelsOf(file);
    const changed = file.slice();
    // The second row of the box: in RLE the byte that its run repeats.
    const at = syntax === RLE_LOSSLESS ? bytes.indexOf(0, 66) : (BOX.y + 1) * SIDE + BOX.x;
    changed[element + at] = 1;
    assert.equal(await verdictOf(changed), MISMATCH);
  });
}

async function pixelsOf(file: Uint8Array): Promise<{ element: number; bytes: Uint8Array }> {
  const { elements } = await parsed(file);
  const { valueOffset, valueLength, fragments } = elements.find(({ tag }) => tag === 0x7fe00010)!;
  const { offset, length } = fragments?.[1] ?? { offset: valueOffset, length: valueLength };
  return { element: offset, bytes: file.subarray(offset, offset + length) };
}

const many = (count: number): string[] => Array.from({ length: count }, () => 'covered 0,0,1,1');
const HOSTILE: Readonly<Record<string, readonly string[]>> = {
  'outside of the image': ['covered 5,0,4,1'],
  negative: ['covered -1,0,4,1'],
  huge: ['covered 0,0,65534,65534'],
  'no numbers': ['covered NaN,0,1,1'],
  'in a frame that is not there': ['covered 0,0,1,1@1-2147483647'],
  'more than allowed': many(BOXES_LIMIT + 1),
  thousands: many(3_900),
};
const policy: PolicyRules = { kind: 'deidentified', options: [], settings: {}, tagKey: 'A'.repeat(43) };

for (const [name, claims] of Object.entries(HOSTILE)) {
  test(`claims that cannot be true (${name}) are a mismatch, in the thread and within its limits`, async () => {
    const check = createCheckThread();
    const file = fileOf(EXPLICIT_VR_LITTLE_ENDIAN, [DEIDENTIFICATION_METHOD, 'LO', 'x', ...claims]);
    const turn = { account: 'one', isSuspect: false, signal: new AbortController().signal };
    assert.equal(await check(bytesSource(file), promisedOf(await parsed(file)), policy, turn), MISMATCH);
  });
}

test('as many boxes as allowed are looked at, each of them', async () => {
  const file = (claims: string[]) =>
    fileOf(EXPLICIT_VR_LITTLE_ENDIAN, [DEIDENTIFICATION_METHOD, 'LO', 'x', ...claims]);
  assert.equal(await verdictOf(file(many(BOXES_LIMIT))), MISMATCH);
  const blank = await covered(await parsed(file(many(BOXES_LIMIT))), [
    { ...BOX, x: 0, y: 0, width: 1, height: 1 },
  ]);
  assert.equal(await verdictOf(blank!.bytes), { kind: 'quarantined', because: 'identity-remains' });
});

test.run();
