/** A study with a second destination: what waits for it, what does not, and what the receipt says of it. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { UploadStatus } from '#shared/protocol/api.ts';
import { firstOnlyIn } from '#shared/protocol/first-only.ts';
import { merkleRoot } from '#shared/protocol/receipt.ts';
import { toReceiptCode } from '#shared/protocol/receipt-sheet.ts';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { copyOf, keptOf, sentStudy, uidsOf, type CopiedStudy } from '../../testing/open-copies.ts';
import { openTestGround, type TestGround } from '../../testing/open-pipeline.ts';
import { decideDeadLetters, listDeadLetters } from '../../uploads/dead-letters.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { newStudy, receiptOf, studyIdOf } from '../../testing/open-study.ts';
import { listDestinations } from '../../destinations/destination.store.ts';
import { runExpiry } from '../eviction/run-expiry.ts';
import { renewJobs } from '../renew-jobs.ts';
import { ROAD, runNextStage } from '../pipeline.ts';
import { runCopy } from './run-copy.ts';

const test = suite('a second destination');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

const holdsAll = ({ instances }: CopiedStudy, pacs: CopiedStudy['pacs']): boolean =>
  instances.every(({ bytes, identifiers: { sopInstanceUID } }) =>
    pacs.held.get(sopInstanceUID)?.bytes.equals(Buffer.from(bytes)),
  );

test('that gets it also, and is down, delays nothing, and gets all of it later', async () => {
  const sent = await sentStudy(ground, 'also');
  const { pipeline, other, uploadId } = sent;
  other.lie = 'down';
  await pipeline.runAll();
  await runExpiry(pipeline.tools);
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.ok(receipt.instances.every(({ state }) => state === 'stored'));
  assert.equal(receipt.destinations, [{ name: 'other', pacs: 'http://other.test/dicom-web', need: 'also' }]);
  assert.equal(await keptOf(sent), { state: 'closed', hasKey: true, parcels: 1, blobs: 1 });
  const status = await pipeline.status(uploadId);
  assert.is(status.waiting, null);
  assert.equal(status.destinations, [
    { name: 'other', need: 'also', waiting: 'pacs-unreachable', inPacs: 0, failed: 0, givenUp: false },
  ]);
  other.lie = 'honest';
  await pipeline.runAll();
  assert.ok(holdsAll(sent, other));
  assert.is((await copyOf(sent)).state, 'closed');
  assert.equal(await keptOf(sent), { state: 'closed', hasKey: false, parcels: 0, blobs: 0 });
  assert.is((await pipeline.status(uploadId)).revision, 1, 'the study itself did not move');
  await pipeline.close();
});

test('that must have it is waited for, is seen, and is in the receipt with proof and digest', async () => {
  const sent = await sentStudy(ground, 'required');
  const { pipeline, other, uploadId, instances } = sent;
  other.lie = 'down';
  await pipeline.runAll();
  const waiting = await pipeline.status(uploadId);
  assert.equal(
    [waiting.state, waiting.receipt, waiting.waiting?.because, waiting.destinations?.[0]?.waiting],
    ['reconciled', null, 'required-destination', 'pacs-unreachable'],
  );
  assert.equal(waiting.waiting?.destinations, ['other']);
  other.lie = 'honest';
  await pipeline.runAll();
  assert.ok(holdsAll(sent, sent.pacs) && holdsAll(sent, other));
  const done = await pipeline.status(uploadId);
  assert.equal([done.state, done.waiting], ['closed', null]);
  const { receipt } = await receiptOf(pipeline, uploadId);
  const [copy] = receipt.destinations ?? [];
  assert.equal(
    copy?.instances,
    receipt.instances.map(({ digest }) => ({ state: 'stored', digest, proof: 'found' })),
  );
  assert.is(copy?.instances?.length, instances.length);
  assert.is(receipt.root, await merkleRoot(receipt.instances));
  await pipeline.close();
});

test('that must have it and refuses one keeps it from counting as stored, until it takes it', async () => {
  const sent = await sentStudy(ground, 'required');
  const { pipeline, other, pacs, uploadId, instances } = sent;
  const [refused = ''] = uidsOf(instances);
  other.failsOn.set(refused, 'refused');
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  const said = receipt.instances.filter(({ state }) => state !== 'stored');
  assert.equal(
    said.map(({ sopInstanceUID, state, reason }) => [sopInstanceUID, state, reason]),
    [[refused, 'quarantined', 'pacs-refused']],
  );
  assert.ok(pacs.held.has(refused), 'although the first one has it');
  assert.equal(firstOnlyIn(receipt), { count: 1, of: 3, missingAt: ['other'] });
  assert.is(toReceiptCode(receipt).firstOnly, 1);
  assert.is((await pipeline.status(uploadId)).counts.firstOnly, 1);
  const path = `/upload/${uploadId}/status?instances=1`;
  const { instances: told = [] } = (await pipeline.json('GET', path)) as UploadStatus;
  assert.equal(
    told.map(({ sopInstanceUID, missingAt = [] }) => [sopInstanceUID === refused, ...missingAt]),
    [[true, 'other'], [false], [false]],
    'and it says where it is missing',
  );
  const standings = async () =>
    ((await pipeline.json('GET', '/studies')) as { studies: SentStudy[] }).studies.map(
      ({ standing }) => standing,
    );
  assert.equal(await standings(), ['needs-you'], 'for the sender, on whatever device');
  assert.equal(await keptOf(sent), { state: 'held', hasKey: true, parcels: 1, blobs: 1 });
  other.failsOn.clear();
  const { digest } = said[0]!;
  const body = JSON.stringify({ decision: 'retry', instances: [{ sopInstanceUID: refused, digest }] });
  const answer = await pipeline.request('POST', `/upload/${uploadId}/decisions`, body, {
    'content-type': 'application/json',
  });
  assert.is(answer.status, 200, await answer.text());
  await pipeline.runAll();
  const after = (await receiptOf(pipeline, uploadId)).receipt;
  assert.is(after.revision, 2);
  assert.ok(after.instances.every(({ state }) => state === 'stored' || state === 'already-stored'));
  assert.ok(holdsAll(sent, other), 'from the gateway, which kept its copy');
  assert.equal([await standings(), (await keptOf(sent)).parcels], [['ended'], 0]);
  assert.is((await pipeline.status(uploadId)).counts.firstOnly, undefined);
  await pipeline.close();
});

test('that must have it asks the device again for what the disk lost', async () => {
  const sent = await sentStudy(ground, 'required');
  const { pipeline, other, uploadId, instances } = sent;
  other.lie = 'down';
  await pipeline.runAll();
  for (const id of await pipeline.tools.blobs.ids()) await pipeline.tools.blobs.remove(id);
  other.lie = 'honest';
  await pipeline.runAll();
  const asked = await pipeline.status(uploadId);
  assert.equal([asked.state, asked.receipt], ['receiving', null]);
  await pipeline.send(uploadId, instances, randomUUID());
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.ok(receipt.instances.every(({ state }) => state === 'already-stored'));
  assert.ok(holdsAll(sent, other));
  await pipeline.close();
});

test('that gets it also gets from the first one what the disk lost before, or that is said', async () => {
  const sent = await sentStudy(ground, 'also');
  const { pipeline, pacs, other } = sent;
  const [gone = ''] = uidsOf(sent.instances);
  other.lie = 'down';
  await pipeline.runAll();
  for (const id of await pipeline.tools.blobs.ids()) await pipeline.tools.blobs.remove(id);
  const kept = pacs.held.get(gone)!;
  pacs.held.delete(gone);
  other.lie = 'honest';
  await pipeline.runAll();
  assert.equal([other.held.size, (await copyOf(sent)).state], [2, 'held']);
  const place = { siteId: pipeline.siteId, destinationId: sent.otherId };
  const { deadLetters } = await listDeadLetters(pipeline.tools.db, place, 500);
  assert.equal(
    deadLetters.map(({ sopInstanceUID, reason, canRetry }) => [sopInstanceUID, reason, canRetry]),
    [[gone, 'no-copy-to-send', true]],
  );
  pacs.held.set(gone, kept);
  const studies = [deadLetters[0]!.studyInstanceUID];
  const retry = { decision: 'retry' as const, studies };
  assert.is((await decideDeadLetters(pipeline.tools, place, pipeline.accountId, retry)).changed, 1);
  await pipeline.runAll();
  assert.ok(holdsAll(sent, other));
  assert.equal(await keptOf(sent), { state: 'closed', hasKey: false, parcels: 0, blobs: 0 });
  await pipeline.close();
});

test('that gets it also and refuses is sent it again, or is not, by an administrator', async () => {
  const sent = await sentStudy(ground, 'also');
  const {
    pipeline,
    other,
    otherId: destinationId,
    siteId,
    instances,
  } = { ...sent, siteId: sent.pipeline.siteId };
  const [first = '', second = '', third = ''] = uidsOf(instances);
  for (const uid of [first, second, third]) other.failsOn.set(uid, 'refused');
  await pipeline.runAll();
  const place = { siteId, destinationId };
  const letters = async () => (await listDeadLetters(pipeline.tools.db, place, 500)).deadLetters;
  const listed = await letters();
  assert.equal(
    listed.map(({ reason, canRetry }) => [reason, canRetry]),
    instances.map(() => ['pacs-refused', true]),
  );
  const { studies } = await listDeadLetters(pipeline.tools.db, place, 1);
  assert.equal(
    studies.map(({ instances: count, reasons }) => [count, reasons]),
    [[3, [{ reason: 'pacs-refused', pacsCode: 0x0110, instances: 3 }]]],
  );
  assert.is((await keptOf(sent)).parcels, 1, 'the bytes wait for the decision');
  const shown = (await listDestinations(pipeline.tools.db, siteId)).map(({ deadLetters }) => deadLetters);
  assert.equal(shown, [0, 3]);
  other.failsOn.delete(first);
  other.failsOn.delete(second);
  const by = randomUUID();
  const idOf = (uid: string): number => listed.find(({ sopInstanceUID }) => sopInstanceUID === uid)!.id;
  const decide = async (decision: 'retry' | 'leave-out', ids?: number[]) =>
    (await decideDeadLetters(pipeline.tools, place, by, { decision, ...(ids && { ids }) })).changed;
  assert.is(await decide('retry', [idOf(first)]), 1);
  await pipeline.runAll();
  assert.equal([...other.held.keys()], [first]);
  assert.is((await letters()).length, 2);
  assert.is(await decide('retry'), 2);
  await pipeline.runAll();
  assert.equal([...other.held.keys()].sort(), [first, second].sort());
  assert.is(await decide('leave-out'), 1);
  assert.is(await decide('leave-out'), 0, 'repeatable');
  await pipeline.runAll();
  assert.equal([(await letters()).length, (await copyOf(sent)).state], [0, 'closed']);
  assert.equal(await keptOf(sent), { state: 'closed', hasKey: false, parcels: 0, blobs: 0 });
  await pipeline.close();
});

test('that must have it and refuses is sent it again, or is given up, by an administrator as by the sender', async () => {
  const sent = await sentStudy(ground, 'required');
  const { pipeline, other, otherId: destinationId, uploadId, instances } = sent;
  const place = { siteId: pipeline.siteId, destinationId };
  const [first = '', second = ''] = uidsOf(instances);
  for (const uid of [first, second]) other.failsOn.set(uid, 'refused');
  await pipeline.runAll();
  const listed = async () => listDeadLetters(pipeline.tools.db, place, 500);
  const { deadLetters: letters, studies } = await listed();
  assert.equal(
    letters.map(({ sopInstanceUID, reason, canRetry }) => [sopInstanceUID, reason, canRetry]),
    [first, second].map((uid) => [uid, 'pacs-refused', true]),
  );
  assert.equal(
    studies.map(({ need, instances: count }) => [need, count]),
    [['required', 2]],
  );
  const counted = async () =>
    (await listDestinations(pipeline.tools.db, pipeline.siteId)).map(({ deadLetters }) => deadLetters);
  assert.equal(await counted(), [0, 2]);
  other.failsOn.delete(first);
  const by = randomUUID();
  assert.is((await decideDeadLetters(pipeline.tools, place, by, { decision: 'retry' })).changed, 2);
  await pipeline.runAll();
  assert.ok(other.held.has(first), 'from the copy that the gateway kept');
  assert.equal([await counted(), other.held.has(second)], [[0, 1], false]);
  const giveUp = { decision: 'leave-out', because: 'not-needed' } as const;
  assert.is((await decideDeadLetters(pipeline.tools, place, by, giveUp)).changed, 1);
  assert.is((await decideDeadLetters(pipeline.tools, place, by, giveUp)).changed, 0, 'repeatable');
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  const end = receipt.instances.find(({ sopInstanceUID }) => sopInstanceUID === second);
  assert.equal([end?.state, firstOnlyIn(receipt)], ['left-out', { count: 1, of: 3, missingAt: ['other'] }]);
  assert.equal([await counted(), (await keptOf(sent)).parcels], [[0, 0], 0]);
  const audited = await pipeline.tools.db
    .selectFrom('audit')
    .select('fields')
    .where('event', '=', 'instances-decided')
    .orderBy('seq')
    .execute();
  const last = audited
    .map(({ fields }) => fields as Record<string, unknown>)
    .findLast((said) => said['by'] === by);
  assert.equal([last?.['decision'], last?.['because'], last?.['instances']], ['leave-out', 'not-needed', 1]);
  await pipeline.close();
});

test('has its lost jobs made again, in a queue of its own', async () => {
  const sent = await sentStudy(ground, 'also');
  const { pipeline, other, studyId } = sent;
  other.lie = 'down';
  await pipeline.runAll();
  const { db } = pipeline.tools;
  const { id } = await copyOf(sent);
  const queuesOf = async (key: string): Promise<readonly string[]> => {
    const jobs = await db
      .withSchema('jobs')
      .selectFrom('job' as never)
      .select(['name', 'singleton_key'] as never)
      .where('singleton_key' as never, '=', key as never)
      .where('state' as never, 'in', ['created', 'retry'] as never)
      .execute();
    return (jobs as { name: string }[]).map(({ name }) => name);
  };
  assert.equal(await queuesOf(id), ['copies']);
  assert.not.ok((await queuesOf(studyId)).includes('copies'));
  await renewJobs(pipeline.tools, pipeline.jobs, ROAD);
  assert.equal(await queuesOf(id), ['copies'], 'none is doubled');
  await pipeline.close();
});

const { signal } = new AbortController();
const NEXT = 'http://moved.test/dicom-web';

/** The copy was seen in its PACS, and its own check is still to come. */
async function seenCopy(need: 'also' | 'required') {
  const sent = await sentStudy(ground, need);
  const { pipeline, studyId } = sent;
  await pipeline.runParcels();
  await pipeline.run('assembly', studyId);
  const { id } = await copyOf(sent);
  await runCopy(id, pipeline.tools, signal, runNextStage);
  await pipeline.run('forward', id);
  assert.is(await pipeline.run('reconcile', id), 'reconciled');
  return { ...sent, copyId: id };
}

for (const need of ['also', 'required'] as const)
  test(`that gets it ${need} and moves is done only when it was seen where it is now`, async () => {
    const sent = await seenCopy(need);
    const { pipeline, studyId, other, uploadId } = sent;
    Object.assign(other, { describe: () => NEXT });
    other.held.clear();
    await pipeline.run('forward', studyId);
    await pipeline.run('reconcile', studyId);
    const signed = await pipeline.run('receipt', studyId);
    assert.is(signed, need === 'also' ? 'receipted' : 'reconciled');
    await pipeline.run('eviction', studyId);
    assert.equal([(await keptOf(sent)).parcels, (await keptOf(sent)).hasKey], [1, true]);
    if (need === 'also')
      assert.is((await receiptOf(pipeline, uploadId)).receipt.destinations?.[0]?.instances, undefined);
    await pipeline.runAll();
    assert.ok(holdsAll(sent, other));
    assert.equal(await keptOf(sent), { state: 'closed', hasKey: false, parcels: 0, blobs: 0 });
    if (need === 'required') {
      const [copy] = (await receiptOf(pipeline, uploadId)).receipt.destinations ?? [];
      assert.equal([copy?.pacs, copy?.instances?.length], [NEXT, 3]);
    }
    await pipeline.close();
  });

for (const need of ['also', 'required'] as const)
  test(`that gets it ${need} ${need === 'also' ? 'does not delay' : 'delays'} the moment at which it is confirmed`, async () => {
    const sent = await seenCopy(need);
    const { pipeline, studyId, copyId, uploadId } = sent;
    await pipeline.run('receipt', copyId);
    await pipeline.run('eviction', copyId);
    await pipeline.run('forward', studyId);
    await pipeline.run('reconcile', studyId);
    const ends = [
      { id: studyId, at: new Date('2026-11-23T10:01:00Z') },
      { id: copyId, at: new Date('2026-11-23T10:02:00Z') },
    ] as const;
    for (const { id, at: updated_at } of ends)
      await pipeline.tools.db
        .updateTable('instance')
        .set({ updated_at })
        .where('study_id', '=', id)
        .execute();
    assert.is(await pipeline.run('receipt', studyId), 'receipted');
    const { receipt } = await receiptOf(pipeline, uploadId);
    assert.is(receipt.confirmed, ends[need === 'also' ? 0 : 1].at.getTime() / 1000);
    await pipeline.close();
  });

for (const change of [{ sent_digests: 'another' }, { proven_at: 'http://elsewhere.test' }])
  test(`is looked at again where ${Object.keys(change).join()} was changed since its check`, async () => {
    const sent = await seenCopy('required');
    const { pipeline, studyId, copyId, uploadId } = sent;
    await pipeline.run('receipt', copyId);
    assert.is(await pipeline.run('eviction', copyId), 'closed');
    const [one] = uidsOf(sent.instances);
    await pipeline.tools.db
      .updateTable('instance')
      .set(change)
      .where('study_id', '=', copyId)
      .where('sop_instance_uid', '=', one!)
      .execute();
    await pipeline.run('forward', studyId);
    await pipeline.run('reconcile', studyId);
    assert.is(await pipeline.run('receipt', studyId), 'reconciled', 'nothing is signed of it');
    assert.is((await copyOf(sent)).state, 'receiving');
    await pipeline.runAll();
    const { receipt } = await receiptOf(pipeline, uploadId);
    assert.is(receipt.destinations?.[0]?.instances?.length, 3);
    await pipeline.close();
  });

test('was not given what was left out before it came: the receipt does not say that it was left out there', async () => {
  const { pipeline } = await sentStudy(ground, 'required');
  const instances = newStudy(2);
  const manifest = toManifest(instances);
  const { uploadId } = await pipeline.init(manifest);
  await pipeline.send(uploadId, instances.slice(0, 1));
  const left = (await pipeline.status(uploadId)).instances!.filter(({ state }) => state === 'promised');
  await pipeline.runAll();
  const unsent = instances[1]!.identifiers.sopInstanceUID;
  const { digest } = left.find(({ sopInstanceUID }) => sopInstanceUID === unsent)!;
  const said = { decision: 'leave-out', instances: [{ sopInstanceUID: unsent, digest }] };
  const type = { 'content-type': 'application/json' };
  const path = `/upload/${uploadId}/decisions`;
  assert.is((await pipeline.request('POST', path, JSON.stringify(said), type)).status, 200);
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  const states = receipt.destinations?.[0]?.instances?.map(({ state }) => state);
  assert.equal(
    [receipt.instances.map(({ state }) => state), states],
    [
      ['stored', 'left-out'],
      ['stored', 'not-given'],
    ],
  );
  await pipeline.close();
});

test('that must have it comes to its end without what was lost, and then taken back', async () => {
  const sent = await sentStudy(ground, 'required');
  const { pipeline, other, uploadId } = sent;
  other.lie = 'down';
  await pipeline.runAll();
  for (const id of await pipeline.tools.blobs.ids()) await pipeline.tools.blobs.remove(id);
  other.lie = 'honest';
  await pipeline.runAll();
  pipeline.actAs(randomUUID(), ['admin']);
  assert.is((await pipeline.request('DELETE', `/upload/${uploadId}`)).status, 204);
  await pipeline.runAll();
  const { state, instances } = await copyOf(sent);
  assert.equal(
    [state, instances.map(({ reason }) => reason)],
    ['closed', ['never-arrived', 'never-arrived', 'never-arrived']],
  );
  await pipeline.close();
});

for (const need of ['also', 'required'] as const)
  test(`that gets it ${need} does not keep a study that was never sent from being taken back`, async () => {
    const { pipeline, studyId: other } = await sentStudy(ground, need);
    const { uploadId } = await pipeline.init(toManifest(newStudy(2)));
    const studyId = await studyIdOf(pipeline, uploadId);
    assert.is((await copyOf({ pipeline, studyId })).instances.length, 0);
    const { status } = await pipeline.request('DELETE', `/upload/${uploadId}`);
    assert.is(status, 204);
    const rows = await pipeline.tools.db
      .selectFrom('study')
      .select('id')
      .where(({ or, eb }) => or([eb('id', '=', studyId), eb('copy_of', '=', studyId)]))
      .execute();
    assert.equal(rows, []);
    assert.is((await copyOf({ pipeline, studyId: other })).copy_of, other, 'those of others stay');
    await pipeline.close();
  });

test.run();
