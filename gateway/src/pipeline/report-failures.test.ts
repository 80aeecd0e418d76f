/** A stage that fails unexpectedly: the study reports it, and resumes once it can. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline } from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('a stage that fails');

test('again and again makes its study say that it waits for the gateway; when the cause is gone the study continues and says nothing', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
  const { instances } = syntheticStudy({ seed: 7400, instancesPerSeries: 2, rows: 8, columns: 8 });
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  const { signReceipt } = pipeline.tools;
  Object.assign(pipeline.tools, {
    signReceipt: async () => Promise.reject(new Error('the key cannot be read')),
  });
  await pipeline.runAll().catch(() => undefined);
  const { id } = await pipeline.tools.db
    .selectFrom('study')
    .select('id')
    .where('site_id', '=', pipeline.siteId)
    .executeTakeFirstOrThrow();
  for (let run = 2; run < 8; run += 1) await pipeline.run('receipt', id).catch(() => undefined);
  assert.is((await pipeline.status(uploadId)).waiting, null, 'a hiccup is nobody’s business');
  await pipeline.run('receipt', id).catch(() => undefined);
  assert.is((await pipeline.status(uploadId)).waiting?.because, 'gateway-failed');
  Object.assign(pipeline.tools, { signReceipt });
  await pipeline.runAll();
  const done = await pipeline.status(uploadId);
  assert.equal([done.state, done.waiting, done.counts.inPacs], ['closed', null, 2]);
  await pipeline.close();
});
test.run();
