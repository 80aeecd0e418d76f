/** A destination that is gone for good: an administrator gives it up, and nothing waits for it any more. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Need } from '#shared/protocol/forms.ts';
import { addAccount, addDevice } from '../testing/add-account.ts';
import { copyOf, keptOf, sentStudy, uidsOf, type CopiedStudy } from '../testing/open-copies.ts';
import { openTestGround, type TestGround } from '../testing/open-pipeline.ts';
import { newStudy, receiptOf } from '../testing/open-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { passMinutes } from '../testing/pass-minutes.ts';
import { resendGivenUp } from '../uploads/dead-letters.ts';
import { timelineOf } from '../studies/study-timeline.ts';
import { giveUpCopies, parcelsForCopies } from './stores/copy.store.ts';
import { renewJobs } from './renew-jobs.ts';
import { ROAD } from './pipeline.ts';

const test = suite('a destination that is given up');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

/** Gives up the copies as the route does: new studies no longer go there. */
const giveUp = ({ pipeline, otherId: destinationId }: CopiedStudy, need: Need): Promise<number> =>
  pipeline.tools.db.transaction().execute(async (trx) => {
    const own = trx.updateTable('destination').set({ need: null });
    await own.where('id', '=', destinationId).where('need', '=', need).execute();
    return giveUpCopies(trx, { siteId: pipeline.siteId, destinationId, need }, new Date());
  });

test('frees the bytes that waited for it, and the study’s timeline says so', async () => {
  const sent = await sentStudy(ground, 'also');
  const { pipeline, other, uploadId, instances, studyId } = sent;
  const { db } = pipeline.tools;
  other.lie = 'down';
  await pipeline.runAll();
  assert.equal(await keptOf(sent), { state: 'closed', hasKey: true, parcels: 1, blobs: 1 });
  assert.is(await giveUp(sent, 'required'), 0, 'nobody said that of those that must have it');
  assert.is(await giveUp(sent, 'also'), 1);
  assert.is(await giveUp(sent, 'also'), 0, 'repeatable');
  assert.is((await parcelsForCopies(db, studyId)).size, 1, 'until it has ended, it may be reading them');
  await pipeline.runAll();
  assert.equal(await keptOf(sent), { state: 'closed', hasKey: false, parcels: 0, blobs: 0 });
  const copy = await copyOf(sent);
  assert.equal([copy.state, copy.waiting_because], ['closed', null]);
  for (const { state, reason } of copy.instances)
    assert.equal([state, reason], ['left-out', 'destination-given-up']);
  const [at] = (await pipeline.status(uploadId)).destinations ?? [];
  assert.equal([at?.givenUp, at?.waiting], [true, null]);
  const { studyInstanceUID } = instances[0]!.identifiers;
  const whose = { siteId: pipeline.siteId, accountId: pipeline.accountId, watches: false, studyInstanceUID };
  const events = (await timelineOf(db, whose, false)) ?? [];
  const said = events.filter(({ event }) => event === 'study-given-up');
  assert.equal(
    said.map(({ fields, uploadId: of }) => [of, fields.instances]),
    [[uploadId, 3]],
  );
  await pipeline.close();
});

test('keeps no study that must arrive there from its receipt, which says so', async () => {
  const sent = await sentStudy(ground, 'required');
  const { pipeline, other, uploadId } = sent;
  other.lie = 'down';
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).receipt, null);
  assert.is(await giveUp(sent, 'also'), 0);
  assert.is(await giveUp(sent, 'required'), 1);
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.ok(receipt.instances.every(({ state }) => state === 'stored'));
  const [copy] = receipt.destinations ?? [];
  const { given_up_at: givenUpAt } = await copyOf(sent);
  assert.equal([copy?.need, copy?.givenUpAt], ['required', givenUpAt?.toISOString()]);
  assert.equal(
    copy?.instances,
    receipt.instances.map(() => ({ state: 'left-out', reason: 'destination-given-up' })),
  );
  assert.equal(await keptOf(sent), { state: 'closed', hasKey: false, parcels: 0, blobs: 0 });
  await pipeline.close();
});

test('gets nothing of a later upload of the study, and ends what an administrator was to decide', async () => {
  const sent = await sentStudy(ground, 'also');
  const { pipeline, other, instances } = sent;
  for (const { identifiers } of instances) other.failsOn.set(identifiers.sopInstanceUID, 'refused');
  await pipeline.runAll();
  assert.is((await copyOf(sent)).state, 'held');
  await giveUp(sent, 'also');
  await renewJobs(pipeline.tools, pipeline.jobs, ROAD);
  const copyId = (await copyOf(sent)).id;
  assert.equal(await pipeline.jobs.withoutJob('copies', [copyId]), [], 'a held one has a job again');
  await pipeline.runAll();
  assert.equal(await keptOf(sent), { state: 'closed', hasKey: false, parcels: 0, blobs: 0 });
  pipeline.actAs(await addAccount(pipeline), ['technician']);
  await pipeline.init(toManifest(newStudy(1)));
  await pipeline.init(toManifest(instances.slice(0, 1)));
  const { studyInstanceUID } = instances[0]!.identifiers;
  const copies = await pipeline.tools.db
    .selectFrom('study')
    .select('id')
    .where('study_instance_uid', '=', studyInstanceUID)
    .where('copy_of', 'is not', null)
    .execute();
  assert.equal(
    copies.map(({ id }) => id),
    [copyId],
  );
  await pipeline.close();
});

/** All that the copy awaited is given up, and the gateway's bytes are gone. */
async function givenUpStudy(need: Need): Promise<CopiedStudy> {
  const sent = await sentStudy(ground, need);
  sent.other.lie = 'down';
  await sent.pipeline.runAll();
  await giveUp(sent, need);
  await sent.pipeline.runAll();
  assert.equal(await keptOf(sent), { state: 'closed', hasKey: false, parcels: 0, blobs: 0 });
  sent.other.lie = 'honest';
  return sent;
}
const resend = ({ pipeline, otherId: destinationId }: CopiedStudy): Promise<number> =>
  resendGivenUp(pipeline.tools, { siteId: pipeline.siteId, destinationId }, pipeline.accountId);
const hasAll = ({ other, instances }: CopiedStudy): boolean =>
  instances.every(({ bytes, identifiers: { sopInstanceUID } }) =>
    other.held.get(sopInstanceUID)?.bytes.equals(Buffer.from(bytes)),
  );

for (const need of ['also', 'required'] as const)
  test(`gets (${need}) what was given up there after all, fetched from the first destination`, async () => {
    const sent = await givenUpStudy(need);
    const { pipeline, uploadId } = sent;
    assert.is(await resend(sent), 1);
    assert.is(await resend(sent), 0, 'repeatable');
    if (need === 'required') assert.is((await pipeline.status(uploadId)).counts.inPacs, 0, 'not there yet');
    await pipeline.runAll();
    assert.ok(hasAll(sent), 'bit for bit');
    assert.equal(await keptOf(sent), { state: 'closed', hasKey: false, parcels: 0, blobs: 0 });
    const { counts, destinations } = await pipeline.status(uploadId);
    assert.is(counts.inPacs, 3);
    assert.equal([destinations?.[0]?.givenUp, destinations?.[0]?.inPacs], [false, 3]);
    if (need === 'required') {
      const { receipt } = await receiptOf(pipeline, uploadId);
      assert.is(receipt.revision, 2);
      assert.is(receipt.destinations?.[0]?.givenUpAt, undefined);
      assert.ok(receipt.destinations?.[0]?.instances?.every(({ state }) => state === 'stored'));
    }
    await pipeline.close();
  });

test('waits for the first destination while that is away', async () => {
  const sent = await givenUpStudy('required');
  const { pipeline, pacs, uploadId } = sent;
  pacs.lie = 'down';
  await resend(sent);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).destinations?.[0]?.waiting, 'primary-unreachable');
  assert.is((await pipeline.status(uploadId)).counts.inPacs, 0);
  pacs.lie = 'honest';
  await pipeline.runAll();
  assert.ok(hasAll(sent));
  assert.is((await copyOf(sent)).waiting_because, null);
  await pipeline.close();
});

test('says so in red where the first destination does not return what was promised', async () => {
  const sent = await givenUpStudy('required');
  const { pipeline, pacs, uploadId, instances } = sent;
  const [changed, gone, whole] = uidsOf(instances) as [string, string, string];
  pacs.held.get(changed)!.bytes = Buffer.from(instances[1]!.bytes);
  const taken = pacs.held.get(gone)!;
  pacs.held.delete(gone);
  await resend(sent);
  await pipeline.runAll();
  const { counts } = await pipeline.status(uploadId);
  assert.equal([counts.inPacs, counts.quarantined], [1, 2]);
  assert.is(sent.other.held.has(whole), true);
  assert.equal([sent.other.held.has(changed), sent.other.held.has(gone)], [false, false]);
  const { receipt } = await receiptOf(pipeline, uploadId);
  const said = receipt.instances.filter(({ state }) => state === 'quarantined');
  assert.equal(
    said.map(({ reason }) => reason),
    ['no-copy-to-send', 'no-copy-to-send'],
  );
  // Sent again by its device, or returned by the first destination once more.
  pacs.held.set(gone, taken);
  const { need } = await pipeline.init(toManifest(instances));
  assert.equal(need.map(({ sopInstanceUID }) => sopInstanceUID).sort(), [changed, gone].sort());
  await pipeline.close();
});

test('gets a study again once somebody sends it and new studies go there, and not before', async () => {
  const sent = await givenUpStudy('required');
  const { pipeline, otherId, uploadId, instances } = sent;
  const { db } = pipeline.tools;
  await pipeline.init(toManifest(instances));
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).destinations?.[0]?.givenUp, true, 'and it stays visible');
  assert.is(sent.other.held.size, 0);
  await db.updateTable('destination').set({ need: 'required' }).where('id', '=', otherId).execute();
  const { revision, need } = await pipeline.init(toManifest(instances));
  assert.equal([revision, need.length], [2, 0]);
  await pipeline.runAll();
  assert.ok(hasAll(sent));
  await pipeline.close();
});

test('gets a study at once that another device sends, and waits for what it was given a moment ago', async () => {
  const sent = await givenUpStudy('also');
  const { pipeline, otherId, other } = sent;
  const { db } = pipeline.tools;
  await db
    .updateTable('upload')
    .set({ device_id: await addDevice(pipeline) })
    .execute();
  await db.updateTable('destination').set({ need: 'required' }).where('id', '=', otherId).execute();
  await passMinutes(db, 60);
  Object.assign(pipeline.tools, { patience: { lagMinutes: 10, pauses: [0] } });
  other.lie = 'forgetful';
  await sendFromElsewhere(sent);
  const given = [...other.posted.values()];
  assert.equal(given, [1, 1, 1], 'nothing was given to it lately that it may still show');
  await sendFromElsewhere(sent);
  assert.equal([...other.posted.values()], given, 'it may show them yet');
  await pipeline.close();
});

/** Nothing of it has to be sent: the first destination has all of it. */
async function sendFromElsewhere({ pipeline, instances }: CopiedStudy): Promise<void> {
  pipeline.actAs(pipeline.accountId, ['technician'], await addDevice(pipeline));
  const { need, have } = await pipeline.init(toManifest(instances));
  assert.equal([need.length, have.length], [0, instances.length]);
  await pipeline.runAll();
}

test.run();
