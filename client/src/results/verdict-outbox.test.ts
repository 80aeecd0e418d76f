/** A verdict reaches the gateway whatever happens to the link, the page and its answer; or it is shown as not sent. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createVirtualTime } from '#testing/virtual-time.ts';
import { json, openTestApi, refusal, unreachable, untilRead, type Answering } from '../testing/open-api.ts';
import { openDevice } from '../testing/open-queue.ts';
import { idOf, recordedResult } from '../testing/recorded-answers.ts';
import { verdictRows } from './open-outbox.ts';
import { createVerdictOutbox, type Given } from './verdict-outbox.ts';

const ACCOUNT = idOf(501);
const RESULT = recordedResult(1);
const VERIFIED = {
  ...RESULT,
  revision: 2,
  verification: { verdict: 'agree' as const, finding: null, at: RESULT.createdAt, by: ACCOUNT },
};
const AGREED: Given = {
  resultId: RESULT.id,
  revision: 1,
  request: { verdict: 'agree' },
  input: { kind: 'dicom' },
};

/** A window of this account's on a device. */
async function open(answer: Answering, device = openDevice()) {
  const { database } = await device;
  const rows = verdictRows(database, ACCOUNT);
  const time = createVirtualTime(() => false);
  const person = { isHere: true, session: ACCOUNT };
  const { api, asked } = openTestApi(answer, () => person.session);
  const outbox = createVerdictOutbox({
    api,
    clock: time,
    rows,
    account: ACCOUNT,
    isHere: () => person.isHere,
  });
  const sent = () => asked.filter(({ method }) => method === 'POST');
  return { outbox, rows, time, sent, person };
}
const untilSaved = ({ outbox }: Awaited<ReturnType<typeof open>>) =>
  untilRead(() => outbox.saved.value !== null);

test('a verdict is sent at once, for the revision that was viewed, and leaves nothing on the device', async () => {
  const { outbox, rows, sent } = await open(() => json(VERIFIED));
  await outbox.give(AGREED);
  assert.equal(
    sent().map(({ path, body, headers }) => [path, body, headers.get('if-match')]),
    [[`/results/${RESULT.id}/verify`, { verdict: 'agree' }, '"1"']],
  );
  assert.equal([outbox.saved.value?.revision, outbox.unsent.value, await rows.kept()], [2, [], []]);
});

test('it is kept on the device before its first byte leaves', async () => {
  const kept: number[] = [];
  const device = openDevice();
  const rows = verdictRows((await device).database, ACCOUNT);
  const { outbox } = await open(async () => {
    kept.push((await rows.kept()).length);
    return json(VERIFIED);
  }, device);
  await outbox.give(AGREED);
  assert.equal(kept, [1]);
});

test('without a link it is shown as not sent, and is sent automatically once the link is back', async () => {
  let isAway = true;
  const own = await open(() => (isAway ? unreachable() : json(VERIFIED)));
  const { outbox, rows, time, sent } = own;
  await outbox.give(AGREED);
  assert.equal(
    outbox.unsent.value.map(({ resultId, isRetried }) => [resultId, isRetried]),
    [[RESULT.id, true]],
  );
  assert.equal(await rows.kept(), [AGREED]);
  isAway = false;
  await time.run(() => false, 60_000);
  assert.ok(await untilSaved(own));
  assert.equal([sent().length, outbox.unsent.value, await rows.kept()], [2, [], []]);
});

test('one that is discarded while it is tried again is gone once that attempt has failed', async () => {
  const attempt = Promise.withResolvers<void>();
  let isFirst = true;
  const { outbox, rows } = await open(async () => {
    if (!isFirst) await attempt.promise;
    isFirst = false;
    return unreachable();
  });
  await outbox.give(AGREED);
  const tried = outbox.retry();
  const discarded = outbox.discard(RESULT.id);
  attempt.resolve();
  await Promise.all([tried, discarded]);
  assert.equal([outbox.unsent.value, await rows.kept()], [[], []]);
});

test('the next window of its author on this device sends what an earlier one could not', async () => {
  const device = openDevice();
  const first = await open(unreachable, device);
  await first.outbox.give(AGREED);
  const next = await open(() => json(VERIFIED), device);
  assert.ok(await untilSaved(next));
  assert.equal([next.sent().length, await next.rows.kept()], [1, []]);
});

test('a verdict whose answer was lost is recognised as saved, and not given twice', async () => {
  const own = await open(({ method }) =>
    method === 'POST' ? refusal(409, 'result-changed') : json(VERIFIED),
  );
  await own.outbox.give(AGREED);
  assert.equal([own.outbox.saved.value?.revision, own.outbox.unsent.value], [2, []]);
});

test('a colleague’s verdict is not overwritten: this one waits for its author', async () => {
  const theirs = { ...VERIFIED, verification: { ...VERIFIED.verification, by: idOf(502) } };
  const { outbox, rows, time, sent } = await open(({ method }) =>
    method === 'POST' ? refusal(409, 'result-changed') : json(theirs),
  );
  await outbox.give(AGREED);
  await time.run(() => false, 600_000);
  assert.equal([outbox.unsent.value[0]?.isOvertaken, sent().length], [true, 1]);
  await outbox.discard(RESULT.id);
  assert.equal([outbox.unsent.value, await rows.kept()], [[], []]);
});

test('signing out tries once more, and says what is left; nobody else’s right sends it', async () => {
  const { outbox, rows, time, sent, person } = await open(unreachable);
  assert.is(await outbox.settle(), true);
  await outbox.give(AGREED);
  assert.equal([await outbox.settle(), sent().length], [false, 2]);
  person.isHere = false;
  await time.run(() => false, 600_000);
  await outbox.retry();
  assert.equal([sent().length, (await rows.kept()).length], [2, 1]);
});

test('where the session became another person’s before it left, it stays on the device', async () => {
  const { outbox, rows, sent, person } = await open(() => json(VERIFIED));
  // Signed in in another tab: this one learns it with its next token.
  person.session = idOf(502);
  await outbox.give(AGREED);
  assert.equal([sent().length, outbox.unsent.value.length, await rows.kept()], [0, 1, [AGREED]]);
  person.session = ACCOUNT;
  await outbox.retry();
  assert.equal([sent().length, outbox.unsent.value, await rows.kept()], [1, [], []]);
});

test.run();
