/** One account cannot promise the whole disk, whatever it cuts its promises into. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { uploadListSchema } from '#shared/protocol/api.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { setAccountQuota, setSiteQuota } from '../policies/quota.store.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('a quota');
let pipeline: TestPipeline;
test.before.each(async () => {
  pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
});
test.after.each(() => pipeline.close());

const study = (seed: number) =>
  syntheticStudy({ seed, instancesPerSeries: 1, rows: 8, columns: 8 }).instances;
const GIB = 1024 ** 3;

/** The code of the refusal, or `opened`. */
async function codeOf(seed: number, bytes?: number): Promise<string> {
  const manifest = toManifest(study(seed), 'identified', bytes === undefined ? {} : { bytes });
  const answer = (await pipeline.init(manifest)) as { uploadId: string; code?: string };
  return answer.code ?? 'opened';
}

test('limits the bytes that an account has announced, over all its uploads', async () => {
  await setSiteQuota(pipeline.tools.db, pipeline.siteId, { uploads: 100, bytes: 40 * GIB });
  const codes: string[] = [];
  for (let seed = 9700; seed < 9704; seed += 1) codes.push(await codeOf(seed, 16 * GIB));
  assert.equal(codes, ['opened', 'opened', 'quota-exceeded', 'quota-exceeded']);
  assert.is(await codeOf(9700, 16 * GIB), 'opened', 'the same manifest is answered again');
  const { uploads, own } = uploadListSchema.parse(await pipeline.json('GET', '/uploads'));
  assert.is(uploads.length, 2, 'nothing is kept of one that is refused');
  assert.equal(own, {
    quota: { uploads: 100, bytes: 40 * GIB },
    used: { uploads: 2, bytes: 32 * GIB },
  });
});

test('limits the uploads that are open; those that have arrived no longer count', async () => {
  const { db } = pipeline.tools;
  await setAccountQuota(db, pipeline.siteId, pipeline.accountId, { uploads: 1, bytes: GIB });
  const instances = study(9710);
  const { uploadId } = await pipeline.init(toManifest(instances));
  assert.is(await codeOf(9711), 'quota-exceeded');
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  assert.is(await codeOf(9711), 'opened');
  await setAccountQuota(db, pipeline.siteId, pipeline.accountId, null);
  assert.is(await codeOf(9712), 'opened', 'the site’s quota is larger');
});

test.run();
