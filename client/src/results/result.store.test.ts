import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createVirtualTime } from '#testing/virtual-time.ts';
import { json, openTestApi, refusal, unreachable, untilRead, type Answering } from '../testing/open-api.ts';
import { idOf, recordedResult } from '../testing/recorded-answers.ts';
import { canDecide, createResultStore, TAKE_BACK_SECONDS } from './result.store.ts';
import { createUnsentWords } from './unsent-words.ts';

const RESULT = recordedResult(1);
const VERIFIED = {
  ...RESULT,
  revision: 2,
  verification: { verdict: 'agree' as const, finding: null, at: RESULT.createdAt, by: idOf(501) },
};

async function open(answer: Answering, unsent = createUnsentWords()) {
  const time = createVirtualTime(() => false);
  const { api, asked } = openTestApi(answer);
  const store = createResultStore({ api, clock: time, id: RESULT.id, onResult: () => undefined, unsent });
  await store.load();
  const sent = () => asked.filter(({ method }) => method === 'POST');
  /** Lets the moment pass until this much of it is left. */
  const untilLeft = async (seconds: number) => {
    const isSo = () => store.verdict.value.kind === 'pending' && store.verdict.value.secondsLeft === seconds;
    assert.ok(await time.run(isSo, 60_000), `${seconds} s left`);
  };
  return { time, store, asked, sent, untilLeft };
}

const plain: Answering = ({ method }) => json(method === 'POST' ? VERIFIED : RESULT);

test('a verdict is saved after a moment, for the revision that was viewed', async () => {
  const { time, store, sent, untilLeft } = await open(plain);
  store.decide({ verdict: 'agree' });
  await untilLeft(TAKE_BACK_SECONDS);
  await untilLeft(1);
  assert.is(sent().length, 0);
  await time.run(() => false, 60_000);
  assert.ok(await untilRead(() => store.verdict.value.kind === 'none'));
  assert.equal(
    sent().map(({ path, body, headers }) => [path, body, headers.get('if-match')]),
    [[`/results/${RESULT.id}/verify`, { verdict: 'agree' }, '"1"']],
  );
  assert.equal(store.shown.value, { kind: 'ready', result: VERIFIED });
});

test('within the moment a verdict can be taken back, and then nothing is sent', async () => {
  const { time, store, sent, untilLeft } = await open(plain);
  store.decide({ verdict: 'agree' });
  await untilLeft(1);
  store.takeBack();
  await time.run(() => false, 60_000);
  assert.equal([store.verdict.value.kind, sent().length], ['none', 0]);
});

test('a second press does not replace a waiting correction: it must be taken back first', async () => {
  const { time, store, sent, untilLeft } = await open(plain);
  store.decide({ verdict: 'agree' });
  store.takeBack();
  store.decide({ verdict: 'correct', finding: 'normal', reason: 'no opacity' });
  await untilLeft(3);
  store.decide({ verdict: 'agree' });
  await time.run(() => false, 60_000);
  assert.ok(await untilRead(() => store.verdict.value.kind === 'none'));
  assert.equal(
    sent().map(({ body }) => (body as { verdict: string }).verdict),
    ['correct'],
  );
});

test('one key does not overwrite a radiologist’s verdict: changing it takes a separate step', () => {
  const none = { kind: 'none' } as const;
  const overtaken = { kind: 'overtaken' } as const;
  assert.ok(canDecide(RESULT, none, false));
  assert.equal(
    [none, overtaken].map((verdict) => canDecide(VERIFIED, verdict, false)),
    [false, false],
  );
  assert.ok(canDecide(VERIFIED, overtaken, true));
  assert.not.ok(canDecide(RESULT, { kind: 'pending', request: { verdict: 'agree' }, secondsLeft: 3 }, true));
});

test('leaving the page saves a verdict once', async () => {
  const { time, store, sent, untilLeft } = await open(plain);
  store.decide({ verdict: 'agree' });
  await untilLeft(5);
  store.close();
  store.close();
  await time.run(() => false, 60_000);
  assert.is(sent().length, 1);
});

test('signing out first saves a waiting verdict, retries a failed one once, and waits for one on its way', async () => {
  let isAway = false;
  const { store, sent, untilLeft } = await open(({ method }) =>
    method === 'POST' ? (isAway ? unreachable() : json(VERIFIED)) : json(RESULT),
  );
  assert.equal([await store.settle(), sent().length], [true, 0]);
  store.decide({ verdict: 'agree' });
  await untilLeft(5);
  const onItsWay = store.settle();
  assert.equal(await Promise.all([onItsWay, store.settle()]), [true, true]);
  assert.is(sent().length, 1);
  isAway = true;
  store.decide({ verdict: 'agree' });
  assert.equal([await store.settle(), store.verdict.value.kind], [false, 'failed']);
  isAway = false;
  assert.equal([await store.settle(), store.verdict.value.kind, sent().length], [true, 'none', 3]);
});

test('the slower of two radiologists sees the verdict of the faster one', async () => {
  let isVerified = false;
  const { time, store } = await open(({ method }) => {
    if (method !== 'POST') return json(isVerified ? VERIFIED : RESULT);
    isVerified = true;
    return refusal(409, 'not-found');
  });
  store.decide({ verdict: 'agree' });
  await time.run(() => false, 60_000);
  assert.ok(await untilRead(() => store.verdict.value.kind === 'overtaken'));
  assert.equal(store.shown.value, { kind: 'ready', result: VERIFIED });
});

test('a verdict that could not be saved is not lost and can be sent again', async () => {
  let isAway = true;
  const { time, store, sent } = await open(({ method }) =>
    method === 'POST' ? (isAway ? unreachable() : json(VERIFIED)) : json(RESULT),
  );
  store.decide({ verdict: 'agree' });
  await time.run(() => false, 60_000);
  assert.ok(await untilRead(() => store.verdict.value.kind === 'failed'));
  isAway = false;
  await store.keepNow();
  assert.equal([store.verdict.value.kind, sent().length], ['none', 2]);
});

test('a verdict that could not be saved on leaving waits for that page, for the revision that was viewed', async () => {
  const unsent = createUnsentWords();
  const left = await open(({ method }) => (method === 'POST' ? unreachable() : json(RESULT)), unsent);
  left.store.decide({ verdict: 'agree' });
  await left.untilLeft(5);
  left.store.close();
  assert.ok(await untilRead(() => unsent.all.value.length === 1));
  (await open(plain, unsent)).store.close();
  assert.is(unsent.all.value.length, 1, 'even if the page was opened and left again');
  const back = await open(
    ({ method }) => (method === 'POST' ? refusal(409, 'not-found') : json(VERIFIED)),
    unsent,
  );
  assert.is(back.store.verdict.value.kind, 'failed');
  await back.store.keepNow();
  assert.equal(
    [back.sent()[0]?.headers.get('if-match'), back.store.verdict.value.kind, unsent.all.value.length],
    ['"1"', 'overtaken', 0],
  );
});

test('a page restored by the browser is as it was, and its verdict is saved', async () => {
  const { store, sent, untilLeft } = await open(plain);
  store.decide({ verdict: 'agree' });
  await untilLeft(5);
  store.leave();
  assert.ok(await untilRead(() => store.verdict.value.kind === 'none'));
  assert.equal([sent().length, store.shown.value.kind], [1, 'ready']);
  store.decide({ verdict: 'agree' });
  await untilLeft(5);
});

test('a picture that cannot be fetched is missing, and is requested again when needed', async () => {
  let isGone = true;
  const { store, asked } = await open(({ path }) =>
    path.includes('explanations') ? (isGone ? refusal(404, 'not-found') : new Response('png')) : json(RESULT),
  );
  await store.want('image');
  assert.is(store.pictures.value.get('image'), 'missing');
  isGone = false;
  await store.want('image');
  await store.want('image');
  assert.match(String(store.pictures.value.get('image')), /^blob:/);
  assert.is(asked.filter(({ path }) => path.includes('explanations')).length, 2);
  store.close();
  assert.is(store.pictures.value.size, 0);
});

test('a result that cannot be loaded says why', async () => {
  const { store } = await open(() => refusal(404, 'not-found'));
  assert.equal(
    store.shown.value.kind === 'failed' && store.shown.value.trouble.title,
    'There is nothing here.',
  );
});

test.run();
