import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deidentifyBytes, parsed, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { buildInstance } from '../dicom/build-instance.ts';
import type { SimpleElement } from '../dicom/build-instance.ts';
import { concatBytes } from '../dicom/encode.ts';
import {
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  SOP_CLASSES,
} from '../dicom/registry.ts';
import { parseUid } from '../dicom/uid.ts';
import type { SOPClassUID } from '../dicom/uid.ts';
import { findElement, textOf } from '../dicom/values.ts';
import { checkResidue } from './residue.ts';

const BURNED_IN_ANNOTATION = 0x00280301;
const ENCAPSULATED_PDF = '1.2.840.10008.5.1.4.1.1.104.1' as SOPClassUID;

function fileOf(
  elements: readonly SimpleElement[],
  transferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN,
  sopClassUID: SOPClassUID = SOP_CLASSES.CT,
): Uint8Array {
  const identifiers = {
    studyInstanceUID: parseUid('StudyInstanceUID', '1.2.3.777.1'),
    seriesInstanceUID: parseUid('SeriesInstanceUID', '1.2.3.777.2'),
    sopInstanceUID: parseUid('SOPInstanceUID', '1.2.3.777.3'),
    sopClassUID,
  };
  const image = { rows: 4, columns: 4, bitsAllocated: 16 as const, pixels: new Uint8Array(32).fill(5) };
  return concatBytes(
    buildInstance({
      identifiers,
      transferSyntaxUID,
      elements: [
        [0x00080060, 'CS', 'CT'],
        [0x00100010, 'PN', 'DOE^JANE'],
        [0x00100020, 'LO', 'PAT-1'],
        ...elements,
      ],
      image,
    }),
  );
}

const outcomeOf = async (bytes: Uint8Array, released: boolean) =>
  deidentifyBytes(bytes, rulesOf(), await pseudonymsOf(1), { looked: released ? ['pixels'] : [] });

async function ready(bytes: Uint8Array, released: boolean) {
  const result = await outcomeOf(bytes, released);
  if (result.kind !== 'ready') throw new Error(result.because);
  return { ...result, instance: await parsed(result.bytes) };
}

for (const syntax of [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN]) {
  test(`a released instance states that nothing is burned in, passes the gateway’s check and is unchanged by a second run (${syntax})`, async () => {
    const file = fileOf([[BURNED_IN_ANNOTATION, 'CS', 'YES']], syntax);
    const { bytes, instance, outcome } = await ready(file, true);
    assert.is(textOf(findElement(instance.elements, BURNED_IN_ANNOTATION), instance), 'NO');
    assert.equal(
      outcome.report.filter(({ path }) => path === '0028,0301'),
      [{ path: '0028,0301', action: 'D', because: 'released' }],
    );
    assert.equal(await checkResidue(instance, rulesOf(), await pseudonymsOf(1)), []);
    assert.equal((await ready(bytes, false)).bytes, bytes);
    assert.equal((await ready(bytes, true)).bytes, bytes, 'and a release that is not needed changes nothing');
  });
}

test('without a person’s release it is held, and so is content that no release can make safe', async () => {
  const because = async (bytes: Uint8Array, released: boolean) => {
    const result = await outcomeOf(bytes, released);
    return result.kind === 'ready' ? 'ready' : result.because;
  };
  const burnedIn = fileOf([[BURNED_IN_ANNOTATION, 'CS', 'YES']]);
  assert.equal(
    [await because(burnedIn, false), await because(burnedIn, true)],
    ['burned-in-annotation', 'ready'],
  );
  const document = fileOf([
    [BURNED_IN_ANNOTATION, 'CS', 'YES'],
    [0x00420011, 'OB', new Uint8Array([0x25, 0x50])],
  ]);
  assert.equal(
    [await because(document, false), await because(document, true)],
    ['cannot-be-deidentified', 'cannot-be-deidentified'],
  );
  const opaque = fileOf([[BURNED_IN_ANNOTATION, 'CS', 'YES']], EXPLICIT_VR_LITTLE_ENDIAN, ENCAPSULATED_PDF);
  assert.is(await because(opaque, true), 'cannot-be-deidentified');
});

test('a word that is written in another case is held and released alike, and said once in the report', async () => {
  const { outcome, instance } = await ready(fileOf([[BURNED_IN_ANNOTATION, 'CS', 'yes ']]), true);
  assert.is(textOf(findElement(instance.elements, BURNED_IN_ANNOTATION), instance), 'NO');
  assert.equal(
    outcome.report.filter(({ path }) => path === '0028,0301').map(({ because }) => because),
    ['released'],
  );
});

test('a release writes nothing unless the instance is held because of its pixels', async () => {
  const { bytes, outcome } = await ready(fileOf([]), true);
  assert.equal(bytes, (await ready(fileOf([]), false)).bytes);
  assert.not(outcome.report.some(({ because }) => because === 'released'));
});

test.run();
