import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import {
  deidentifyBytes,
  pseudonymsOf,
  readyFile,
  rulesOf,
  settledFile,
  wordOf,
} from '#testing/deidentified-file.ts';
import type { SimpleElement } from '../dicom/build-instance.ts';
import {
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  SOP_CLASSES,
} from '../dicom/registry.ts';
import { findElement, textOf } from '../dicom/values.ts';
import type { Beside } from './deidentify-instance.ts';

const BURNED_IN_ANNOTATION = 0x00280301;
const ENCAPSULATED_PDF = '1.2.840.10008.5.1.4.1.1.104.1';
const RELEASED: Beside = { looked: ['pixels'] };
const HELD: Beside = { looked: [] };

const fileOf = (
  elements: readonly SimpleElement[],
  syntax?: string,
  sopClass: string = SOP_CLASSES.CT,
): Uint8Array =>
  builtFile(
    [[0x00080060, 'CS', 'CT'], [0x00100010, 'PN', 'DOE^JANE'], [0x00100020, 'LO', 'PAT-1'], ...elements],
    {
      image: { rows: 4, columns: 4, bitsAllocated: 16, pixels: new Uint8Array(32).fill(5) },
      sopClass,
      ...(syntax !== undefined && { syntax }),
    },
  );

for (const syntax of [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN]) {
  test(`a released instance states that nothing is burned in, passes the gateway’s check and is unchanged by a second run (${syntax})`, async () => {
    const file = fileOf([[BURNED_IN_ANNOTATION, 'CS', 'YES']], syntax);
    const { bytes, instance, outcome } = await settledFile(file, rulesOf(), RELEASED);
    assert.is(textOf(findElement(instance.elements, BURNED_IN_ANNOTATION), instance), 'NO');
    assert.equal(
      outcome.report.filter(({ path }) => path === '0028,0301'),
      [{ path: '0028,0301', action: 'D', because: 'released' }],
    );
    const again = await readyFile(bytes, rulesOf(), RELEASED);
    assert.equal(again.bytes, bytes, 'a release that is not needed changes nothing');
  });
}

test('without a person’s release it is held, and so is content that no release can make safe', async () => {
  const because = async (bytes: Uint8Array, beside: Beside) =>
    wordOf(await deidentifyBytes(bytes, rulesOf(), await pseudonymsOf(1), beside));
  const burnedIn = fileOf([[BURNED_IN_ANNOTATION, 'CS', 'YES']]);
  assert.is(await because(burnedIn, HELD), 'burned-in-annotation');
  assert.is(await because(burnedIn, RELEASED), 'ready');
  const document = fileOf([
    [BURNED_IN_ANNOTATION, 'CS', 'YES'],
    [0x00420011, 'OB', new Uint8Array([0x25, 0x50])],
  ]);
  for (const beside of [HELD, RELEASED]) assert.is(await because(document, beside), 'cannot-be-deidentified');
  const opaque = fileOf([[BURNED_IN_ANNOTATION, 'CS', 'YES']], EXPLICIT_VR_LITTLE_ENDIAN, ENCAPSULATED_PDF);
  assert.is(await because(opaque, RELEASED), 'cannot-be-deidentified');
});

test('a word that is written in another case is held and released alike, and said once in the report', async () => {
  const { outcome, instance } = await readyFile(
    fileOf([[BURNED_IN_ANNOTATION, 'CS', 'yes ']]),
    rulesOf(),
    RELEASED,
  );
  assert.is(textOf(findElement(instance.elements, BURNED_IN_ANNOTATION), instance), 'NO');
  assert.equal(
    outcome.report.filter(({ path }) => path === '0028,0301').map(({ because }) => because),
    ['released'],
  );
});

test('a release writes nothing unless the instance is held because of its pixels', async () => {
  const { bytes, outcome } = await readyFile(fileOf([]), rulesOf(), RELEASED);
  assert.equal(bytes, (await readyFile(fileOf([]), rulesOf(), HELD)).bytes);
  assert.not(outcome.report.some(({ because }) => because === 'released'));
});

test.run();
