/** However many requests ask whether everything has come, an upload is looked at as often as for one. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Problem } from '#shared/protocol/problem.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { findUpload } from '../pipeline/stores/parcel.store.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline, type TestPipeline } from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { createCompletion } from './complete-upload.ts';

const test = suite('many who ask whether everything has come');
let pipeline: TestPipeline;
test.before(async () => {
  pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
});
test.after(() => pipeline.close());

const { instances } = syntheticStudy({ seed: 9640, instancesPerSeries: 1, rows: 8, columns: 8 });

/** An upload that is sent and not verified, the tools of whoever asks, and how often they looked. */
async function openUnverified() {
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  const upload = (await findUpload(pipeline.tools.db, uploadId, null))!;
  let transactions = 0;
  const db = new Proxy(pipeline.tools.db, {
    get(target, name) {
      if (name === 'transaction') transactions += 1;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { upload, completion: createCompletion({ ...pipeline.tools, db }), looks: () => transactions };
}

test('a hundred of as many accounts look together; of one account a few wait, and the rest are refused', async () => {
  const { upload, completion, looks } = await openUnverified();
  const { signal } = new AbortController();
  const never = () => false;
  const outcomes: string[] = [];
  const ask = (accountId: string): Promise<unknown> =>
    completion.complete(upload, { accountId }, never, signal).then(
      ({ missing }) => outcomes.push(`missing ${missing.length}`),
      (error: unknown) => outcomes.push(error instanceof Problem ? error.code : String(error)),
    );
  const ofMany = Array.from({ length: 100 }, (_, at) => ask(`account ${at}`));
  const ofOne = Array.from({ length: 60 }, () => ask('one'));
  while (outcomes.length < 60 - 32) await new Promise((resolve) => setImmediate(resolve));
  assert.equal([...new Set(outcomes)], ['rate-limited'], 'nobody else has an answer yet');
  // Each sets what it says in a transaction of its own, and then they look: a few times, not 160.
  const setting = 160;
  const before = looks() - setting;
  assert.ok(before < 40, `${before} looks`);
  await pipeline.runParcels();
  pipeline.tools.changes.emit(upload.study_id);
  await Promise.all([...ofMany, ...ofOne]);
  assert.is(outcomes.filter((outcome) => outcome === 'missing 0').length, 100 + 32);
});

test.run();
