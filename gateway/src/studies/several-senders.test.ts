/** A study that several devices sent counts as a whole, each instance once. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sentStudiesSchema } from '#shared/protocol/studies.ts';
import { addDevice } from '../testing/add-account.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';
import { newStudy } from '../testing/open-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('a study of several senders');
let pipeline: TestPipeline;
test.before(async () => {
  pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
});
test.after(() => pipeline.close());

type Instances = ReturnType<typeof newStudy>;

async function promise(instances: Instances): Promise<string> {
  pipeline.actAs(pipeline.accountId, ['technician'], await addDevice(pipeline));
  return (await pipeline.init(toManifest(instances))).uploadId;
}

async function deliver(instances: Instances): Promise<string> {
  const uploadId = await promise(instances);
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  return uploadId;
}

async function listed([first]: Instances) {
  pipeline.actAs(pipeline.accountId, ['technician']);
  const query = `?q=${first!.identifiers.studyInstanceUID}`;
  const [study] = sentStudiesSchema.parse(await pipeline.json('GET', `/studies${query}`)).studies;
  return study!;
}

test('counts what both brought, and once what both have', async () => {
  const instances = newStudy(5);
  await deliver(instances.slice(0, 3));
  assert.is((await listed(instances)).counts, undefined, 'one upload says it all');
  await deliver(instances.slice(2));
  const { counts, uploads } = await listed(instances);
  assert.equal([counts?.promised, counts?.inPacs], [5, 5]);
  assert.equal(
    uploads.map((upload) => upload.counts.promised),
    [3, 3],
  );
});

test('counts as in the PACS what one device promised and another one brought', async () => {
  const instances = newStudy(3);
  await promise(instances);
  await deliver(instances);
  const { counts } = await listed(instances);
  assert.equal([counts?.promised, counts?.inPacs], [3, 3]);
});

test('does not count what was cancelled', async () => {
  const instances = newStudy(3);
  const cancelled = await deliver(instances.slice(0, 1));
  await deliver(instances.slice(1));
  await pipeline.tools.db
    .updateTable('upload')
    .set({ cancelled_at: new Date() })
    .where('id', '=', cancelled)
    .execute();
  assert.is((await listed(instances)).counts, undefined);
});

test.run();
