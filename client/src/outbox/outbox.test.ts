/** A statement reaches the gateway whatever happens to link, page and answer; or it is shown as not sent. */
import { randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createVirtualTime } from '#testing/virtual-time.ts';
import {
  giveTurns,
  json,
  openTestApi,
  refusal,
  unreachable,
  untilRead,
  type Answering,
} from '../testing/open-api.ts';
import { openDevice } from '../testing/open-queue.ts';
import { idOf, recordedResult } from '../testing/recorded-answers.ts';
import { recordedReview } from '../testing/recorded-review.ts';
import { assertEach } from '../testing/assert-each.ts';
import { statementRows, type StatementRows } from './kept-statements.ts';
import { createOutbox, isOvertaken } from './outbox.ts';
import { subjectOf, type Saying, type Statement, type Verdict } from './statements.ts';

const ACCOUNT = idOf(501);
const RESULT = recordedResult(1);
const VERIFIED = {
  ...RESULT,
  revision: 2,
  verification: { verdict: 'agree' as const, finding: null, at: RESULT.createdAt, by: ACCOUNT },
};
type Given = Saying<Verdict>;
const AGREED: Given = {
  step: 'verdict',
  resultId: RESULT.id,
  revision: 1,
  request: { verdict: 'agree' },
  input: { kind: 'dicom' },
};
const CORRECTED: Given = {
  ...AGREED,
  request: { verdict: 'correct', finding: 'normal', reason: 'no opacity' },
};

const moment = { now: 0 };
function nextMoment(): number {
  moment.now += 1;
  return moment.now;
}

/** A window of this account's on a device. */
async function open(answer: Answering, device = openDevice(), some: Partial<StatementRows> = {}) {
  const { database } = await device;
  const rows = { ...statementRows(database, ACCOUNT), ...some };
  const time = createVirtualTime(() => false);
  const person = { isHere: true, session: ACCOUNT };
  const { api, asked } = openTestApi(answer, () => person.session);
  const outbox = createOutbox({
    api,
    now: nextMoment,
    sleep: (ms) => time.sleep(ms, new AbortController().signal),
    rows,
    account: ACCOUNT,
    isHere: () => person.isHere,
  });
  const sent = () => asked.filter(({ method }) => method === 'POST');
  /** Statements that are shown as not sent, and as on their way. */
  const unsent = () => outbox.statements.value.filter(({ trouble, isSending }) => trouble && !isSending);
  const sending = () => outbox.statements.value.filter(({ isSending }) => isSending);
  const kept = async () => (await rows.kept()).map(asGiven);
  return { outbox, rows, time, sent, person, unsent, sending, kept };
}
type Window = Awaited<ReturnType<typeof open>>;
const asGiven = ({ at: _at, refused: _refused, ...given }: Statement) => given;
const requestsOf = ({ unsent }: Window) => unsent().map(({ said }) => said.request);
const untilSaved = ({ outbox }: Window) => untilRead(() => outbox.answered.value?.result !== undefined);

test('a verdict is sent at once, for the revision that was viewed, and leaves nothing on the device', async () => {
  const { outbox, kept, sent, unsent } = await open(() => json(VERIFIED));
  await outbox.give(AGREED);
  assertEach(sent(), ({ path, body, headers }) => [path, body, headers.get('if-match')], [
    [`/results/${RESULT.id}/verify`, { verdict: 'agree' }, '"1"'],
  ]);
  assert.equal([outbox.answered.value?.result?.revision, unsent(), await kept()], [2, [], []]);
});

test('it is kept on the device before its first byte leaves', async () => {
  const kept: number[] = [];
  const device = openDevice();
  const rows = statementRows((await device).database, ACCOUNT);
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
  const { outbox, kept, time, sent, unsent } = own;
  await outbox.give(AGREED);
  assertEach(unsent(), ({ said, isRetried }) => [subjectOf(said), isRetried], [
    [`/results/${RESULT.id}`, true],
  ]);
  assert.equal(await kept(), [AGREED]);
  isAway = false;
  await time.run(() => false, 60_000);
  assert.ok(await untilSaved(own));
  assert.equal([sent().length, unsent(), await kept()], [2, [], []]);
});

test('one that waits is shown as not sent while it is tried again; only a person’s press shows it as on its way', async () => {
  const attempts: (() => void)[] = [];
  const own = await open(async () => {
    if (attempts.length > 0) await new Promise<void>((resolve) => attempts.push(resolve));
    else attempts.push(() => undefined);
    return unreachable();
  });
  const { outbox, time, unsent, sending } = own;
  await outbox.give(AGREED);
  const [request] = requestsOf(own);
  await time.run(() => attempts.length === 2, 60_000);
  assert.ok(await untilRead(() => attempts.length === 2));
  assertEach(unsent(), ({ said }) => subjectOf(said), [`/results/${RESULT.id}`]);
  attempts.at(-1)!();
  assert.ok(await untilRead(() => sending().length === 0));
  assert.is(requestsOf(own)[0], request, 'a question about it stays open');
  const pressed = outbox.send(subjectOf(AGREED));
  assert.equal([unsent(), sending()[0]?.said.request], [[], request]);
  assert.ok(await untilRead(() => attempts.length === 3));
  attempts.at(-1)!();
  await pressed;
  assert.is(unsent().length, 1);
});

test('one that is discarded while it is tried again is gone once that attempt has failed', async () => {
  const attempt = Promise.withResolvers<void>();
  let isFirst = true;
  const { outbox, kept } = await open(async () => {
    if (!isFirst) await attempt.promise;
    isFirst = false;
    return unreachable();
  });
  await outbox.give(AGREED);
  const tried = outbox.retry();
  const discarded = outbox.discard(outbox.statements.value);
  attempt.resolve();
  await Promise.all([tried, discarded]);
  assert.equal([outbox.statements.value, await kept()], [[], []]);
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
  assert.equal([own.outbox.answered.value?.result?.revision, own.unsent()], [2, []]);
});

test('a colleague’s verdict is not overwritten: this one waits for its author', async () => {
  const theirs = { ...VERIFIED, verification: { ...VERIFIED.verification, by: idOf(502) } };
  const { outbox, kept, time, sent, unsent } = await open(({ method }) =>
    method === 'POST' ? refusal(409, 'result-changed') : json(theirs),
  );
  await outbox.give(AGREED);
  await time.run(() => false, 600_000);
  assert.equal([isOvertaken(unsent()[0]!.trouble), sent().length], [true, 1]);
  await outbox.discard(unsent());
  assert.equal([unsent(), await kept()], [[], []]);
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
  const { outbox, kept, sent, person, unsent } = await open(() => json(VERIFIED));
  // Signed in in another tab: this one learns it with its next token.
  person.session = idOf(502);
  await outbox.give(AGREED);
  assert.equal([sent().length, unsent().length, await kept()], [0, 1, [AGREED]]);
  person.session = ACCOUNT;
  await outbox.retry();
  assert.equal([sent().length, unsent(), await kept()], [1, [], []]);
});

/** A gateway that takes the first verdict and refuses the next on the same revision. */
function gateway() {
  const state = { isThere: false, taken: [] as unknown[] };
  const held = () => {
    const verification = { finding: null, ...(state.taken[0] as Given['request']) };
    return json({ ...VERIFIED, verification: { ...VERIFIED.verification, ...verification } });
  };
  const answer: Answering = ({ method, body }) => {
    if (!state.isThere) return unreachable();
    if (method !== 'POST') return state.taken.length > 0 ? held() : json(RESULT);
    if (state.taken.length > 0) return refusal(409, 'result-changed');
    state.taken.push(body);
    return held();
  };
  return { state, answer };
}
/** Whether the device keeps this one, in the end. */
function untilKept({ rows }: Window, { request }: Given): Promise<boolean> {
  let kept: readonly unknown[] = [];
  return untilRead(() => {
    void rows.kept().then((now) => {
      kept = now;
    });
    return (kept[0] as Given | undefined)?.request.verdict === request.verdict;
  });
}
const shows = (window: Window, { request }: Given) =>
  untilRead(() => (requestsOf(window)[0] as Given['request'] | undefined)?.verdict === request.verdict);

test('tabs show the same kept verdict, the last one written, and one of them sends it', async () => {
  const device = openDevice();
  const { state, answer } = gateway();
  const first = await open(answer, device);
  const second = await open(answer, device);
  await first.outbox.give(AGREED);
  assert.ok(await shows(second, AGREED), 'also a tab in which nothing was said');
  await second.outbox.give(CORRECTED);
  assert.ok(await shows(first, CORRECTED));
  assert.equal(await first.kept(), [CORRECTED]);
  state.isThere = true;
  await first.outbox.retry();
  assert.ok(await untilSaved(first));
  assert.ok(await untilSaved(second), 'the other tab shows the result as it is now');
  assert.equal([state.taken, second.unsent(), await first.kept()], [[CORRECTED.request], [], []]);
});

test('a verdict that came second outlives the other tab’s answer and a reload, until it is discarded', async () => {
  const device = openDevice();
  const { state, answer } = gateway();
  const arrival = Promise.withResolvers<void>();
  state.isThere = true;
  const first = await open(async (asked) => {
    const response = await answer(asked);
    await arrival.promise;
    return response;
  }, device);
  const second = await open(answer, device);
  const agreed = first.outbox.give(AGREED);
  assert.ok(await untilRead(() => state.taken.length === 1));
  const corrected = second.outbox.give(CORRECTED);
  assert.ok(await untilKept(second, CORRECTED));
  arrival.resolve();
  await Promise.all([agreed, corrected]);
  assert.equal([state.taken, await first.kept()], [[AGREED.request], [CORRECTED]]);
  const reloaded = await open(answer, device);
  for (const tab of [first, second, reloaded]) {
    assert.ok(await shows(tab, CORRECTED));
    assert.ok(await untilRead(() => isOvertaken(tab.unsent()[0]?.trouble ?? null)));
  }
  await first.outbox.discard(first.unsent());
  assert.ok(await untilRead(() => second.unsent().length === 0));
  assert.equal([await first.kept(), first.unsent()], [[], []]);
});

test('discarding forgets the verdict that was shown, not the one that another tab has given since', async () => {
  const device = openDevice();
  const own = await open(unreachable, device);
  await own.outbox.give(AGREED);
  const discarded = own.outbox.discard(own.unsent());
  await own.rows.keep({ ...CORRECTED, at: nextMoment() }, []);
  await discarded;
  assert.ok(await shows(own, CORRECTED));
  assert.equal(await own.kept(), [CORRECTED]);
});

const REVIEW = idOf(701);
const decide = (version: number): Saying => ({
  step: 'decide',
  reviewId: REVIEW,
  request: { id: randomUUID(), place: 1, version, decision: 'accept', answers: {}, reason: '' },
});

test('a step of a review that was refused is shown as refused in every tab and after a reload, and is not sent again', async () => {
  const device = openDevice();
  let isAway = true;
  const answer: Answering = () => (isAway ? unreachable() : refusal(409, 'review-changed'));
  const first = await open(answer, device);
  const second = await open(answer, device);
  await first.outbox.give(decide(1));
  isAway = false;
  await first.outbox.retry();
  const third = await open(answer, device);
  for (const tab of [first, second, third]) {
    assert.ok(await untilRead(() => tab.unsent()[0]?.trouble?.code === 'review-changed'));
    assert.equal([tab.unsent()[0]?.isRetried, tab.sending()], [false, []]);
  }
  assert.equal([first.sent().length, second.sent(), third.sent()], [2, [], []]);
});

test('a step that is refused while a second attempt waits for its turn is not sent by that one', async () => {
  const arrival = Promise.withResolvers<void>();
  const { outbox, sent, unsent } = await open(async () => {
    await arrival.promise;
    return refusal(409, 'review-changed');
  });
  const given = outbox.give(decide(1));
  assert.ok(await untilRead(() => sent().length === 1));
  const again = outbox.retry();
  await giveTurns();
  arrival.resolve();
  await Promise.all([given, again]);
  assert.equal([sent().length, unsent()[0]?.trouble?.code], [1, 'review-changed']);
});

test('statements are sent in the order in which they were said, even where the clock was set back', async () => {
  const device = openDevice();
  const { outbox } = await open(unreachable, device);
  moment.now = 5_000;
  await outbox.give(decide(1));
  moment.now = 1_000;
  await outbox.give(decide(2));
  const next = await open(() => json(recordedReview(ACCOUNT)), device);
  assert.ok(await untilRead(() => next.sent().length === 2));
  assertEach(next.sent(), ({ body }) => (body as { version: number }).version, [1, 2]);
});

test('a statement behind one that waits for the link is sent with it', async () => {
  let isAway = true;
  const { outbox, time, sent } = await open(() => (isAway ? unreachable() : json(recordedReview(ACCOUNT))));
  await outbox.give(decide(1));
  await outbox.give(decide(2));
  isAway = false;
  await time.run(() => false, 60_000);
  assert.ok(await untilRead(() => outbox.statements.value.length === 0));
  assertEach(sent(), ({ body }) => (body as { version: number }).version, [1, 1, 1, 2]);
});

test('one that was sent and cannot be deleted here is not sent again by this window', async () => {
  const read: StatementRows['read'] = async () => ({
    said: null,
    forget: () => Promise.reject(new Error('the disk is full')),
    replace: async () => undefined,
  });
  const { outbox, rows, sent, unsent } = await open(() => json(VERIFIED), openDevice(), { read });
  await outbox.give(AGREED);
  for (let times = 0; times < 3; times += 1) await outbox.retry();
  assert.equal([sent().length, unsent().length, (await rows.kept()).length], [1, 0, 1]);
});

test.run();
