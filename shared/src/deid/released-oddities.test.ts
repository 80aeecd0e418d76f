/** Odd instances under a policy that removes names: held for a person, and released in a way that the gateway sees. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  deidentifyBytes,
  parsed,
  pseudonymsOf,
  readyFile,
  rulesOf,
  settledFile,
} from '#testing/deidentified-file.ts';
import { isHeldWithoutNames, ODD_FILES } from '#testing/odd-files.ts';
import { DEIDENTIFICATION_METHOD } from '../dicom/boxes.ts';
import { findElement } from '../dicom/values.ts';
import { irregularitiesIn } from '../protocol/irregularities.ts';
import { checkResidue } from './residue.ts';
import type { Beside } from './deidentify-instance.ts';
import { asciiOf } from './element-text.ts';
import { claimedReleases, openIrregularities } from './released-oddities.ts';

const run = async (bytes: Uint8Array, looked: NonNullable<Beside['looked']>) =>
  deidentifyBytes(bytes, rulesOf(), await pseudonymsOf(1), { looked });

const named = (kind: string) => ODD_FILES.find(({ name }) => name === kind)!.bytes;

for (const odd of ODD_FILES.filter(isHeldWithoutNames)) {
  const { name, because, bytes } = odd;
  test(`${name} is held until a person releases it`, async () => {
    assert.equal(await run(bytes, []), { kind: 'quarantined', because });
    const result = await run(bytes, ['form']);
    if (!odd.isReleasable)
      return void assert.equal(result, { kind: 'quarantined', because: 'pixel-data-not-clearable' });
    assert.is(result.kind, 'ready');
  });
}

for (const odd of ODD_FILES.filter((each) => each.isReleasable && isHeldWithoutNames(each))) {
  const { name, because } = odd;
  test(`${name}, released, says so, passes the gateway’s check and is unchanged by a second run`, async () => {
    const { bytes, instance } = await settledFile(odd.bytes);
    assert.not.match(Buffer.from(bytes).toString('latin1'), /planted|ODD-\d/);
    const method = asciiOf(findElement(instance.elements, DEIDENTIFICATION_METHOD)!);
    assert.ok(method.split('\\').includes(`released ${because}`), method);
    assert.equal(openIrregularities(instance, claimedReleases(instance.elements)), []);
  });
}

for (const { name, bytes } of ODD_FILES.filter((each) => !isHeldWithoutNames(each)))
  test(`${name} loses what is odd, and the gateway takes nothing else for de-identified`, async () => {
    const settled = await settledFile(bytes);
    assert.not.match(Buffer.from(settled.bytes).toString('latin1'), /planted|ODD-\d/);
    assert.equal(openIrregularities(settled.instance, []), []);
    assert.equal(irregularitiesIn(settled.instance.warnings), []);
    const residue = await checkResidue(await parsed(bytes), rulesOf(), await pseudonymsOf(1));
    const odd = name === 'second-header' ? '0002,0000' : '0010,2202';
    assert.ok(
      residue.some(({ tag }) => tag === odd),
      JSON.stringify(residue),
    );
  });

test('a release that stands in a foreign file is not believed', async () => {
  const { bytes } = await readyFile(named('pixel-data-short'));
  const foreign = await deidentifyBytes(bytes, rulesOf(), await pseudonymsOf(2), { looked: [] });
  assert.equal(foreign, { kind: 'quarantined', because: 'pixel-data-length' });
});

test('a release writes nothing where nothing is odd', async () => {
  const { bytes } = await readyFile(named('pixel-data-long'));
  const method = (await parsed(bytes)).elements.find(({ tag }) => tag === DEIDENTIFICATION_METHOD);
  assert.ok(method);
  assert.equal(
    (await readyFile(bytes)).bytes,
    bytes,
    'the extra bytes are gone, and what was released stays on record',
  );
});

test.run();
