/** Instances that the gateway opened itself: their place is known at once, and nothing promised otherwise is taken. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#testing/sha256.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../../testing/open-pipeline.ts';
import { newStudy } from '../../testing/open-study.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { bringParcel, type BroughtPlace } from '../../uploads/bring-parcel.ts';
import { takeOpened } from '../pipeline.ts';

const test = suite('an opened parcel');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

const IDENTIFIED = { name: 'identified', version: 1 };

/** Brings them in a parcel; whether it was taken as it is. */
async function bring(
  { tools }: TestPipeline,
  uploadId: string,
  instances: readonly SyntheticInstance[],
  policy = IDENTIFIED,
): Promise<boolean> {
  const parts = instances.map(({ identifiers, transferSyntaxUID, bytes }) => ({
    ...{ sopInstanceUID: identifiers.sopInstanceUID, transferSyntaxUID },
    ...{ digest: sha256(bytes), bytes },
  }));
  let isTaken = false;
  const arrived = async (parcelId: string, places: readonly BroughtPlace[]) => {
    isTaken = await takeOpened({ parcelId, policy, places }, tools);
    assert.is(await takeOpened({ parcelId, policy, places }, tools), false, 'a second time it is no news');
  };
  await bringParcel({ ...tools, arrived }, uploadId, tools.newId(), parts);
  return isTaken;
}

const parcelStates = async ({ tools, siteId }: TestPipeline) =>
  (await tools.db.selectFrom('parcel').select('state').where('site_id', '=', siteId).execute()).map(
    ({ state }) => state,
  );

test('is received without a run of verify, and reaches the PACS bit for bit', async () => {
  const pacs = openTestPacs();
  const check = () => Promise.reject(new Error('verify has looked'));
  const pipeline = await openTestPipeline({ pacs, start: false, ground, tools: { check } });
  const instances = newStudy(3);
  const { uploadId } = await pipeline.init(toManifest(instances));
  assert.is(await bring(pipeline, uploadId, instances), true);
  assert.equal(await parcelStates(pipeline), ['verified']);
  await pipeline.runAll();
  for (const { identifiers, bytes } of instances)
    assert.equal(pacs.held.get(identifiers.sopInstanceUID)?.bytes, Buffer.from(bytes));
  await pipeline.close();
});

test('is left to verify where an instance was promised under another policy', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground });
  const instances = newStudy(2);
  const { uploadId } = await pipeline.init(toManifest(instances, 'deidentified'));
  assert.is(await bring(pipeline, uploadId, instances), false);
  assert.equal(await parcelStates(pipeline), ['receiving']);
  await pipeline.close();
});

test('gives the PACS nothing where the disk has changed its bytes, and they are asked for again', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground });
  const [instance] = newStudy(1) as [SyntheticInstance];
  const { uploadId } = await pipeline.init(toManifest([instance]));
  const other = { ...instance, bytes: Uint8Array.from(instance.bytes) };
  other.bytes[other.bytes.length - 1]! ^= 1;
  const parts = [
    {
      ...{ sopInstanceUID: instance.identifiers.sopInstanceUID, digest: sha256(instance.bytes) },
      ...{ transferSyntaxUID: instance.transferSyntaxUID, bytes: other.bytes },
    },
  ];
  const arrived = async (parcelId: string, places: readonly BroughtPlace[]) =>
    void (await takeOpened({ parcelId, policy: IDENTIFIED, places }, pipeline.tools));
  await bringParcel({ ...pipeline.tools, arrived }, uploadId, pipeline.tools.newId(), parts);
  await pipeline.runAll();
  assert.not.ok(pacs.held.has(instance.identifiers.sopInstanceUID));
  assert.is((await pipeline.status(uploadId)).instances?.[0]?.state, 'promised');
  await pipeline.close();
});

test.run();
