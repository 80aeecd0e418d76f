/** Storage commitment over DICOMweb, of a PACS that tells the result at once, later, never, or another one. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLatePacs } from '../../ports/pacs/late-pacs.ts';
import { startLyingPacs, type LyingPacs } from '../../testing/lying-dicomweb.ts';
import { HONEST, type Conduct } from '../../testing/web-conduct.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../../testing/open-pipeline.ts';
import { newStudy, receiptOf } from '../../testing/open-study.ts';
import { toManifest } from '../../testing/pack-parcel.ts';

const test = suite('storage commitment over DICOMweb');
let ground: TestGround;
const opened: LyingPacs[] = [];
test.before(async () => {
  ground = await openTestGround();
});
test.after(async () => {
  for (const liar of opened) await liar.close();
  await ground.close();
});

async function sent(conduct: Partial<Conduct>) {
  const instances = newStudy(3);
  const uids = instances.map(({ identifiers }): string => identifiers.sopInstanceUID);
  const liar = await startLyingPacs({ instances, now: Date.now });
  opened.push(liar);
  liar.conduct = { ...HONEST, ...conduct };
  const pacsAt = (commitment: boolean) =>
    createLatePacs({ url: liar.url, authorization: null, startTimer: liar.startTimer, commitment });
  const pipeline = await openTestPipeline({ pacs: pacsAt(true), start: false, ground });
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const status = () => pipeline.status(uploadId);
  const listed = async () => (await receiptOf(pipeline, uploadId)).receipt.instances;
  return { liar, pipeline, pacsAt, uids, status, listed };
}

async function passMinutes(minutes: number): Promise<void> {
  await ground.database.db
    .updateTable('tally')
    .set((of) => ({ minutes: of('minutes', '+', minutes) }))
    .execute();
}
const questions = async () =>
  (await ground.database.db.selectFrom('commitment').select('transaction_uid').execute()).map(
    ({ transaction_uid: uid }) => uid,
  );

test('that is told at once is on the receipt beside the proof', async () => {
  const { listed, pipeline, uids, liar } = await sent({});
  assert.equal(
    (await listed()).map(({ state, committed }) => [state, committed]),
    uids.map(() => ['stored', true]),
  );
  assert.is(liar.saidKept.size, 3);
  await pipeline.close();
});

test('that is told later is asked for under the same transaction, and waited for', async () => {
  const { listed, pipeline, status, liar } = await sent({ reports: 'never' });
  const [asked] = await questions();
  assert.is((await status()).state, 'forwarded');
  await pipeline.runAll();
  assert.is((await status()).state, 'forwarded');
  assert.equal(await questions(), [asked], 'it was asked once');
  liar.conduct = { ...HONEST, reports: 'later' };
  await pipeline.runAll();
  assert.is((await status()).state, 'closed');
  assert.ok((await listed()).every(({ committed }) => committed));
  assert.equal(await questions(), []);
  await pipeline.close();
});

test('of a transaction that the PACS no longer knows is asked for under another one', async () => {
  const { pipeline, status, liar, listed } = await sent({ reports: 'never' });
  const [forgotten] = await questions();
  liar.conduct = { ...HONEST, reports: 'never', answers: { check: { status: 410, body: 'empty' } } };
  await pipeline.runAll();
  assert.is((await status()).state, 'forwarded');
  assert.ok((await questions()).some((uid) => uid !== forgotten));
  liar.conduct = { ...HONEST, reports: 'later' };
  await passMinutes(61);
  await pipeline.runAll();
  assert.is((await status()).state, 'closed');
  assert.ok((await listed()).every(({ committed }) => committed));
  await pipeline.close();
});

test('of other instances than were asked about is none, and in the end the study is for a person', async () => {
  for (const commits of ['others', 'both'] as const) {
    const { pipeline, status, liar, uids } = await sent({ commits });
    for (let round = 0; round < 12 && (await status()).state !== 'held'; round += 1) {
      await passMinutes(61);
      await pipeline.runAll();
    }
    const { state, instances = [] } = await status();
    assert.is(state, 'held', commits);
    assert.ok(
      instances.every((one) => one.state === 'quarantined'),
      commits,
    );
    assert.not(uids.some((uid) => liar.saidKept.has(uid)));
    assert.equal([...liar.held.keys()].toSorted(), uids.toSorted(), 'the PACS has them all the same');
    await pipeline.close();
  }
});

test('that the PACS does not offer makes the study wait, and nothing is lost', async () => {
  const { pipeline, status, listed, pacsAt } = await sent({
    answers: { commit: { status: 404, body: 'html' } },
  });
  assert.is((await status()).waiting?.because, 'pacs-settings-wrong');
  pipeline.tools.pacs = pacsAt(false);
  await pipeline.runAll();
  assert.ok((await listed()).every(({ state, committed }) => state === 'stored' && committed === undefined));
  await pipeline.close();
});

test.run();
