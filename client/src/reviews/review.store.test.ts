/** Answers and signatures reach the gateway whatever happens to link and page; or they are shown as not sent. */
import { randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Review } from '#shared/protocol/reviews.ts';
import { json, openTestApi, refusal, unreachable, type Answering, type Asked } from '../testing/open-api.ts';
import { onDisk, openDevice } from '../testing/open-queue.ts';
import { createReviewStore } from './review.store.ts';
import { sendUnsent, unsentSteps } from './review-outbox.ts';

const ACCOUNT = randomUUID();
const CASE = randomUUID();
const SAID = { decision: 'accept' as const, answers: { comment: 'PLANTED comment' }, reason: '' };
const REVIEW: Review = {
  ...{ id: randomUUID(), number: 1, caseId: CASE, caseNumber: 7, pseudonym: null, priority: 'routine' },
  ...{ dueOn: null, type: 'short', typeVersion: 1, title: 'Short', state: 'reading', hidesFinding: false },
  ...{ openedAt: '2026-11-20T10:00:00.000Z', settledAt: null, finalPlace: null, mayWithdraw: false },
  history: [],
  places: [
    {
      ...{ place: 1, state: 'assigned', version: 1, isMine: true, said: null, signedAt: null },
      reader: { id: ACCOUNT, username: 'ana' },
    },
  ],
  definition: {
    ...{ title: 'Short', readers: 1, hidesFinding: false, assignment: 'hand' },
    form: {
      type: 'object',
      properties: { comment: { title: 'Comment', 'x-field': 'text', type: 'string', maxLength: 100 } },
      required: [],
      additionalProperties: false,
    },
  },
};

/** A gateway that takes each step once, as the real one does. */
function createGateway() {
  const taken: Asked[] = [];
  const stepOf = (asked: Asked): Response => {
    const { id, version } = asked.body as { id: string; version: number };
    const isKnown = taken.some(({ body }) => (body as { id: string }).id === id);
    if (!isKnown && version !== taken.length + 1) return refusal(409, 'review-changed');
    if (!isKnown) taken.push(asked);
    return json(REVIEW);
  };
  const answer: Answering = (asked) => {
    if (asked.method === 'POST') return stepOf(asked);
    if (asked.path.startsWith('/cases/')) return json({}, 500);
    if (asked.path.endsWith('/annotations')) return json({ places: [] });
    return asked.path.startsWith('/reviews?') ? json({ reviews: [], next: null }) : json(REVIEW);
  };
  return { taken, answer };
}

/** A window on a device; `link` answers in the gateway's place. */
async function open(answer: Answering, device = openDevice()) {
  const { database } = await device;
  const link = { answer };
  const { api } = openTestApi(
    (asked) => link.answer(asked),
    () => ACCOUNT,
  );
  const tools = {
    api,
    database,
    account: ACCOUNT,
    now: () => Date.now(),
    newId: randomUUID,
    wait: () => () => {},
  };
  const store = createReviewStore(tools, REVIEW.id);
  await store.load(false);
  return { store, link, tools, database };
}
const pathsOf = (taken: readonly Asked[]) => taken.map(({ path }) => path.split('/').at(-1));

test('answers and a signature given without a link are kept unreadable, and are sent in their order', async () => {
  const gateway = createGateway();
  const { store, link, tools, database } = await open(gateway.answer);
  link.answer = unreachable;
  await store.decide(SAID);
  await store.sign();
  assert.equal([store.own.value?.state, store.own.value?.version], ['signed', 3]);
  assert.is(store.unsent.value.length, 2);
  assert.not.match(await onDisk(database), 'PLANTED');
  assert.equal([(await unsentSteps(tools)).length, gateway.taken.length], [2, 0]);
  link.answer = gateway.answer;
  await store.sendAgain();
  assert.equal(pathsOf(gateway.taken), ['decision', 'sign']);
  assert.equal([store.unsent.value, await unsentSteps(tools)], [[], []]);
});

test('a closed page loses nothing, and an answer that was lost doubles nothing', async () => {
  const gateway = createGateway();
  const device = openDevice();
  const { store, link } = await open(gateway.answer, device);
  link.answer = (asked) => {
    void gateway.answer(asked);
    return unreachable();
  };
  await store.decide(SAID);
  assert.is(gateway.taken.length, 1, 'it arrived, and its answer did not');
  const later = await open(gateway.answer, device);
  assert.equal([gateway.taken.length, await unsentSteps(later.tools)], [1, []]);
  link.answer = unreachable;
  await store.sign();
  await sendUnsent(later.tools);
  assert.equal(pathsOf(gateway.taken), ['decision', 'sign']);
});

test('answers that the gateway refuses are kept until their author decides, and nothing is sent behind them', async () => {
  const gateway = createGateway();
  const { store, link, tools } = await open(gateway.answer);
  link.answer = unreachable;
  await store.decide(SAID);
  await store.sign();
  link.answer = () => refusal(409, 'review-changed');
  await store.sendAgain();
  assert.equal(
    store.unsent.value.map(({ trouble }) => trouble?.code),
    ['review-changed', undefined],
  );
  link.answer = gateway.answer;
  assert.is((await unsentSteps(tools)).length, 2);
  await store.discard();
  assert.equal([await unsentSteps(tools), store.unsent.value, gateway.taken], [[], [], []]);
});

test('nobody else on the device sends them', async () => {
  const gateway = createGateway();
  const { store, link, tools } = await open(gateway.answer);
  link.answer = unreachable;
  await store.decide(SAID);
  assert.equal(await unsentSteps({ ...tools, account: randomUUID() }), []);
});

test.run();
