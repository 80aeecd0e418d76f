/** Instances of a study that come while others of it are on their way to the PACS. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestPipeline } from '../../testing/open-pipeline.ts';
import { newStudy, studyIdOf } from '../../testing/open-study.ts';
import { toManifest } from '../../testing/pack-parcel.ts';

const test = suite('instances that come during forward');

test('follow at once, and nobody is told that the PACS fails on them', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false });
  const { tools } = pipeline;
  const instances = newStudy(4);
  const send = async (from: number) => {
    const part = instances.slice(from, from + 2);
    const { uploadId } = await pipeline.init(toManifest(part));
    await pipeline.send(uploadId, part, randomUUID());
    await pipeline.runParcels();
    const studyId = await studyIdOf(pipeline, uploadId);
    await pipeline.run('assembly', studyId);
    return studyId;
  };
  const studyId = await send(0);
  let came: Promise<unknown> | null = null;
  const busy: typeof pacs = {
    ...pacs,
    async storeInstances(...of) {
      came ??= send(2);
      await came;
      return pacs.storeInstances(...of);
    },
  };
  await pipeline.run('forward', studyId, { ...tools, pacsOf: async () => ({ ...tools, pacs: busy }) });
  assert.is(pacs.held.size, 2);
  const study = tools.db.selectFrom('study').select('waiting_because').where('id', '=', studyId);
  assert.is((await study.executeTakeFirstOrThrow()).waiting_because, null);
  await pipeline.runAll();
  assert.is(pacs.held.size, 4);
  await pipeline.close();
});

test.run();
