/** Odd instances under a policy that removes names: held for a person, and released in a way that the gateway sees. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deidentifyBytes, parsed, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { ODD_FILES, type OddFile } from '#testing/odd-files.ts';
import { DEIDENTIFICATION_METHOD } from '../dicom/boxes.ts';
import { findElement } from '../dicom/values.ts';
import { asciiOf } from './element-text.ts';
import { claimedReleases, openIrregularities } from './released-oddities.ts';
import { checkResidue } from './residue.ts';

const run = async (bytes: Uint8Array, released: boolean) =>
  deidentifyBytes(bytes, rulesOf(), await pseudonymsOf(1), { looked: released ? ['form'] : [] });

async function released({ bytes }: OddFile) {
  const result = await run(bytes, true);
  if (result.kind !== 'ready') throw new Error(result.because);
  return { ...result, instance: await parsed(result.bytes) };
}

for (const odd of ODD_FILES) {
  const { name, because, bytes } = odd;
  test(`${name} is held until a person releases it`, async () => {
    assert.equal(await run(bytes, false), { kind: 'quarantined', because });
    const result = await run(bytes, true);
    if (!odd.isReleasable)
      return void assert.equal(result, { kind: 'quarantined', because: 'pixel-data-not-clearable' });
    assert.is(result.kind, 'ready');
  });
}

for (const odd of ODD_FILES.filter(({ isReleasable }) => isReleasable)) {
  const { name, because } = odd;
  test(`${name}, released, says so, passes the gateway’s check and is unchanged by a second run`, async () => {
    const { bytes, instance } = await released(odd);
    assert.not.match(Buffer.from(bytes).toString('latin1'), /planted|ODD-\d/);
    const method = asciiOf(findElement(instance.elements, DEIDENTIFICATION_METHOD)!);
    assert.ok(method.split('\\').includes(`released ${because}`), method);
    assert.equal(openIrregularities(instance, claimedReleases(instance.elements)), []);
    assert.equal(await checkResidue(instance, rulesOf(), await pseudonymsOf(1)), []);
    const again = await run(bytes, false);
    assert.equal(again.kind === 'ready' && again.bytes, bytes);
  });
}

test('a release that stands in a foreign file is not believed', async () => {
  const odd = ODD_FILES.find(({ name }) => name === 'pixel-data-short')!;
  const { bytes } = await released(odd);
  const foreign = await deidentifyBytes(bytes, rulesOf(), await pseudonymsOf(2), { looked: [] });
  assert.equal(foreign, { kind: 'quarantined', because: 'pixel-data-length' });
});

test('a release writes nothing where nothing is odd', async () => {
  const { bytes } = await released(ODD_FILES.find(({ name }) => name === 'pixel-data-long')!);
  const method = (await parsed(bytes)).elements.find(({ tag }) => tag === DEIDENTIFICATION_METHOD);
  const plain = await deidentifyBytes(bytes, rulesOf(), await pseudonymsOf(1), { looked: ['form'] });
  assert.ok(method && plain.kind === 'ready');
  assert.equal(plain.bytes, bytes, 'the extra bytes are gone, and what was released stays on record');
});

test.run();
