/** A queued study described for the rules of the gateway: by its title, as far as its policy allows. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { manifestSchema } from '#shared/protocol/manifest.ts';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import { beginStudy, finishNaming, nameInstances } from './name-study.ts';
import { openDevice, POLICY, prepareInstance, queueOver, TITLE } from '../../../testing/open-queue.ts';

async function queued(deidentify: boolean) {
  const device = await openDevice();
  const { database, key } = device;
  await beginStudy(database, key, {
    ...{ id: 'study', queuedAt: 1, account: 'a', chosen: 1 },
    policy: { ...POLICY, deidentify },
    title: { ...TITLE, bodyParts: ['CHEST', 'PLANTED'] },
    about: { modalities: ['CT'], series: 1 },
  });
  const { bytes, originalDigest: _, ...instance } = await prepareInstance(0, 100);
  await nameInstances(database, 'study', [{ ...instance, bytes: sizeOf(bytes) }]);
  await finishNaming(database, 'study');
  const manifest = async () => manifestSchema.parse(await queueOver(device).manifestOf('study'));
  return { database, manifest };
}

test('where names are kept, a study is described as its files are', async () => {
  const { manifest } = await queued(false);
  assert.equal((await manifest()).described, {
    modalities: ['CT'],
    bodyParts: ['CHEST', 'PLANTED'],
    descriptions: ['Planted description'],
  });
});

test('where names are removed, nothing but codes of the standard leaves the device', async () => {
  const { manifest } = await queued(true);
  const sent = await manifest();
  assert.equal(sent.described, { modalities: ['CT'], bodyParts: ['CHEST'], descriptions: [] });
  assert.not.match(JSON.stringify(sent), /planted/i);
});

test('a title that was erased or cannot be opened holds up nothing', async () => {
  const { database, manifest } = await queued(false);
  for (const title of [new Uint8Array(40), null]) {
    await database.studies.update('study', { title });
    const { described, instances } = await manifest();
    assert.equal([described, instances.length], [undefined, 1]);
  }
});

test.run();
