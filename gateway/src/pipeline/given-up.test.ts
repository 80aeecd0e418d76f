/** A destination that is gone for good: an administrator gives it up, and nothing waits for it any more. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Need } from '#shared/protocol/forms.ts';
import { addAccount } from '../testing/add-account.ts';
import { copyOf, keptOf, sentStudy, type CopiedStudy } from '../testing/open-copies.ts';
import { openTestGround, type TestGround } from '../testing/open-pipeline.ts';
import { newStudy, receiptOf } from '../testing/open-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { timelineOf } from '../studies/study-timeline.ts';
import { giveUpCopies, parcelsForCopies } from './copy.store.ts';
import { renewJobs } from './renew-jobs.ts';
import { ROAD } from './pipeline.ts';

const test = suite('a destination that is given up');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

const giveUp = ({ pipeline, otherId: destinationId }: CopiedStudy, need: Need): Promise<number> =>
  pipeline.tools.db
    .transaction()
    .execute((trx) => giveUpCopies(trx, { siteId: pipeline.siteId, destinationId, need }, new Date()));

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
  const events = (await timelineOf(db, whose)) ?? [];
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

test.run();
