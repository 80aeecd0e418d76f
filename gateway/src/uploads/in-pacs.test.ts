/** A device that remembers an instance as being in the PACS is told whether that is still so. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { addAccount } from '../testing/add-account.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('an instance that was confirmed before');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

async function delivered(seed: number) {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, ground, start: false });
  const { instances } = syntheticStudy({ seed, instancesPerSeries: 2, rows: 8, columns: 8 });
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const { studyInstanceUID } = instances[0]!.identifiers;
  const uids: readonly string[] = instances.map(({ identifiers }) => identifiers.sopInstanceUID).sort();
  const ask = async () => {
    const question = { studyInstanceUID, sopInstanceUIDs: [...uids, '1.2.3.4'] };
    const answer = await pipeline.json<{ gone?: string[]; code?: string }>(
      ...(['POST', '/upload/in-pacs', question] as const),
    );
    return answer.gone?.toSorted() ?? answer.code;
  };
  return { pacs, pipeline, instances, uids, ask };
}

test('is no longer in the PACS once the PACS has deleted it, and asking promises nothing', async () => {
  const { pacs, pipeline, uids, ask } = await delivered(9701);
  assert.equal(await ask(), []);
  pacs.held.delete(uids[0]!);
  assert.equal(await ask(), [uids[0]]);
  const { uploads } = await pipeline.json<{ uploads: readonly unknown[] }>('GET', '/uploads');
  assert.is(uploads.length, 1);
  await pipeline.close();
});

test('counts as being there while the PACS answers no search for it; a PACS that is silent says nothing', async () => {
  const { pacs, pipeline, uids, ask } = await delivered(9702);
  pacs.listsAtMost = 1;
  pacs.held.delete(uids[1]!);
  const { findInstances } = pacs;
  pacs.findInstances = async (asked, ...rest) => {
    if (asked.includes(uids[1]!)) throw new PacsUnreachable('turned away', 403);
    return findInstances(asked, ...rest);
  };
  assert.equal(await ask(), []);
  pacs.findStudy = async () => {
    throw new PacsUnreachable('closed', null);
  };
  assert.is(await ask(), 'pacs-unreachable');
  await pipeline.close();
});

test('is told of to nobody who has not brought it', async () => {
  const { pacs, pipeline, uids, ask } = await delivered(9703);
  pacs.held.delete(uids[0]!);
  pipeline.actAs(await addAccount(pipeline), ['technician']);
  assert.equal(await ask(), []);
  await pipeline.close();
});

test.run();
