/** Answers and signatures reach the gateway whatever happens to link and page; or they are shown as not sent. */
import { randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from '#shared/protocol/cases.ts';
import type { Decide, Review, Said } from '#shared/protocol/reviews.ts';
import {
  json,
  openTestApi,
  refusal,
  unreachable,
  untilRead,
  type Answering,
  type Asked,
} from '../../testing/open-api.ts';
import { onDisk, openDevice } from '../../testing/open-queue.ts';
import { assertEach } from '../../testing/assert-each.ts';
import { openTestOutbox, unsentSteps } from '../../testing/open-outbox.ts';
import { keptIn, type Answered } from './own-reading.ts';
import { createReviewStore } from './review.store.ts';
import { SIGN_AFTER_SECONDS } from './signing.ts';
import { answerBeside, recordedReview } from '../../testing/recorded-review.ts';

const ACCOUNT = randomUUID();
const NONE = { waiting: [], refused: [] };
const SAID = { decision: 'accept' as const, answers: { comment: 'PLANTED comment' }, reason: '' };
const REVIEW = recordedReview(ACCOUNT);

function saidIn(taken: readonly Asked[]): Said | null {
  const last = taken.findLast(({ path }) => path.endsWith('/decision'));
  if (last === undefined) return null;
  const { decision, answers, reason } = last.body as Decide;
  return { decision, answers, reason, at: REVIEW.openedAt };
}

/** A gateway that takes each step once, as the real one does. */
function createGateway() {
  const taken: Asked[] = [];
  const stepOf = (asked: Asked): Response => {
    const { id, version } = asked.body as { id: string; version: number };
    const isKnown = taken.some(({ body }) => (body as { id: string }).id === id);
    if (!isKnown && version !== taken.length + 1) return refusal(409, 'review-changed');
    if (!isKnown) taken.push(asked);
    return json(shown());
  };
  const shown = (): Review => ({
    ...REVIEW,
    places: REVIEW.places.map((place) => ({ ...place, version: taken.length + 1, said: saidIn(taken) })),
  });
  const answer: Answering = (asked) => {
    if (asked.method === 'POST') return stepOf(asked);
    if (asked.path.endsWith('/annotations')) return json({ places: [] });
    return answerBeside(asked, shown());
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
  let pending: (() => void) | null = null;
  const wait = (_: number, then: () => void) => {
    pending = then;
    return () => {
      pending = null;
    };
  };
  const { outbox, outboxes } = openTestOutbox(api, database, ACCOUNT);
  const tools = { api, database, account: ACCOUNT, outbox, newId: randomUUID, wait };
  const store = createReviewStore(tools, REVIEW.id);
  await store.load();
  /** Returns whether anything waited for it. */
  const passSecond = (): boolean => {
    const then = pending;
    pending = null;
    then?.();
    return then !== null;
  };
  /** Presses Sign and lets the time to undo it pass. */
  const sign = async (isMeant = false): Promise<void> => {
    store.sign(isMeant);
    for (let second = 0; second < SIGN_AFTER_SECONDS; second += 1) passSecond();
    assert.ok(await untilRead(() => !store.isBusy.value));
  };
  /** Unsent reviews, as the status line counts them. */
  const told = () => {
    const { waiting, refused } = outboxes.unsent.value;
    return { waiting, refused };
  };
  return { store, link, tools, database, passSecond, sign, told };
}
const pathsOf = (taken: readonly Asked[]) => taken.map(({ path }) => path.split('/').at(-1));

test('answers and a signature given without a link are kept unreadable, and are sent in their order', async () => {
  const gateway = createGateway();
  const { store, link, tools, database, sign, told } = await open(gateway.answer);
  link.answer = unreachable;
  await store.decide(SAID);
  await sign();
  assert.equal([store.own.value?.state, store.own.value?.version], ['signed', 3]);
  assert.equal(store.own.value?.said?.answers, SAID.answers, 'one’s own answers stay in sight');
  assert.is(store.unsent.value.length, 2);
  assert.not.match(await onDisk(database), 'PLANTED');
  assert.equal([(await unsentSteps(tools)).length, gateway.taken.length], [2, 0]);
  assert.equal(told(), { waiting: [REVIEW.id], refused: [] });
  link.answer = gateway.answer;
  await store.sendAgain();
  assert.equal(pathsOf(gateway.taken), ['decision', 'sign']);
  assert.equal([store.unsent.value, await unsentSteps(tools), told()], [[], [], NONE]);
});

test('a closed page loses nothing, and an answer that was lost doubles nothing', async () => {
  const gateway = createGateway();
  const device = openDevice();
  const { store, link, sign } = await open(gateway.answer, device);
  link.answer = (asked) => {
    void gateway.answer(asked);
    return unreachable();
  };
  await store.decide(SAID);
  assert.is(gateway.taken.length, 1, 'it arrived, and its answer did not');
  const later = await open(gateway.answer, device);
  assert.equal([gateway.taken.length, await unsentSteps(later.tools)], [1, []]);
  link.answer = unreachable;
  await sign();
  await later.tools.outbox.retry();
  assert.equal(pathsOf(gateway.taken), ['decision', 'sign']);
});

test('answers that the gateway refuses are kept until their author decides, and nothing is sent behind them', async () => {
  const gateway = createGateway();
  const device = openDevice();
  const { store, link, tools, sign, told } = await open(gateway.answer, device);
  link.answer = unreachable;
  await store.decide(SAID);
  await sign();
  const refuses: Answering = () => refusal(409, 'review-changed');
  link.answer = refuses;
  await store.sendAgain();
  assertEach(store.unsent.value, ({ trouble }) => trouble?.code, ['review-changed', undefined]);
  assert.is(store.own.value?.state, 'assigned', 'a signature behind refused answers is none');
  const refused = { waiting: [], refused: [REVIEW.id] };
  assert.equal(told(), refused, 'it does not wait for the link');
  const later = await open(
    (asked) => (asked.method === 'POST' ? unreachable() : gateway.answer(asked)),
    device,
  );
  assert.equal(later.told(), refused, 'also when the page is opened again without a link');
  link.answer = gateway.answer;
  assert.is((await unsentSteps(tools)).length, 2);
  await store.discard();
  assert.equal([await unsentSteps(tools), store.unsent.value, gateway.taken], [[], [], []]);
  assert.equal(told(), NONE);
});

test('answers that were refused come back into the form, also after a reload; marks that wait are sent', async () => {
  const gateway = createGateway();
  const device = openDevice();
  const { store, sign } = await open(gateway.answer, device);
  await store.decide(SAID);
  await (await open(gateway.answer)).store.decide({ ...SAID, answers: { comment: 'of another device' } });
  await sign();
  assert.is(store.unsent.value[0]?.trouble?.code, 'review-changed');
  assert.equal(keptIn(store.unsent.value)?.said, SAID, 'what was signed');
  const later = await open(gateway.answer, device);
  assert.equal(keptIn(later.store.unsent.value)?.said, SAID);
  await later.store.useKept();
  assert.equal([later.store.draft.value, later.store.unsent.value], [SAID, []]);
  assert.equal([await unsentSteps(later.tools), later.told()], [[], NONE]);
  assert.equal((await open(gateway.answer, device)).store.draft.value, SAID, 'it is not saved yet');
  await later.store.decide(later.store.draft.value as Answered);
  assert.equal(pathsOf(gateway.taken), ['decision', 'decision', 'decision']);
});

test('where somebody else has signed meanwhile, what stands is shown beside what was refused', async () => {
  const gateway = createGateway();
  const { store, link, sign } = await open(gateway.answer);
  link.answer = unreachable;
  await store.decide(SAID);
  await sign();
  assert.is(store.own.value?.state, 'signed', 'it waits for the link');
  const settled = { ...REVIEW, state: 'settled', places: [] } as const;
  link.answer = (asked) => (asked.method === 'POST' ? refusal(409, 'review-ended') : json(settled));
  await store.sendAgain();
  assert.equal([store.review.value?.state, store.own.value], ['settled', null]);
  assert.is(store.unsent.value.length, 2, 'the author has not decided about it yet');
});

test('an answer that is older than what is shown, as a slow one is, changes nothing', async () => {
  const gateway = createGateway();
  const { store, link } = await open(gateway.answer);
  const late = Promise.withResolvers<void>();
  let isAsked = false;
  link.answer = async (asked) => {
    const answer = await gateway.answer(asked);
    if (asked.method === 'GET' && asked.path === `/reviews/${REVIEW.id}`) {
      isAsked = true;
      await late.promise;
    }
    return answer;
  };
  const loading = store.load();
  assert.ok(await untilRead(() => isAsked));
  await store.decide(SAID);
  late.resolve();
  await loading;
  assert.equal([store.own.value?.version, store.own.value?.said?.answers], [2, SAID.answers]);
});

test('answers for a review that is gone are refused and can be discarded', async () => {
  const gateway = createGateway();
  const device = openDevice();
  const { store, link } = await open(gateway.answer, device);
  link.answer = unreachable;
  await store.decide(SAID);
  const later = await open(() => refusal(404, 'not-found'), device);
  assert.ok(later.store.isMissing.value);
  assertEach(later.store.unsent.value, ({ trouble }) => trouble?.code, ['not-found']);
  assert.equal(later.told(), { waiting: [], refused: [REVIEW.id] });
  await later.store.discard();
  assert.equal([await unsentSteps(later.tools), later.told()], [[], NONE]);
});

test('a signature waits some seconds, and undone, or left with the page, it is none', async () => {
  const gateway = createGateway();
  const { store, tools, passSecond } = await open(gateway.answer);
  await store.decide(SAID);
  const left: (number | null)[] = [];
  store.sign(false);
  for (let second = 0; second < 3; second += 1) {
    left.push(store.signing.value);
    passSecond();
  }
  assert.equal(left, [5, 4, 3]);
  store.undoSign();
  assert.equal([store.signing.value, passSecond()], [null, false]);
  store.sign(false);
  store.close();
  assert.equal([store.signing.value, passSecond(), await unsentSteps(tools)], [null, false, []]);
  assert.equal(pathsOf(gateway.taken), ['decision']);
  await (await open(gateway.answer)).sign();
  assert.equal(pathsOf(gateway.taken), ['decision', 'sign']);
});

test('findings of models are not none while they are read, nor where they cannot be', async () => {
  const { store, link } = await open(unreachable);
  const gateway = createGateway();
  const read = Promise.withResolvers<Response>();
  const at = REVIEW.openedAt;
  const result = {
    ...{ id: randomUUID(), model: 'm', positive: true },
    isOfOtherImage: false,
    createdAt: at,
  };
  const study = {
    ...{ studyInstanceUID: '1.2.3', addedAt: at, modalities: [], bodyParts: [], isEarly: false },
    ...{
      hidesResults: false,
      results: [{ ...result, verdict: null, isDisputed: false, correctedFinding: null }],
    },
  };
  const ofReview: Case = {
    ...{ id: REVIEW.caseId, number: 7, version: 1, title: null, tags: null, status: 'open', studyCount: 1 },
    ...{ priority: 'routine', dueOn: null, assignee: null, pseudonym: null, expects: null, modalities: [] },
    ...{
      isEarly: false,
      finding: 'not-examined',
      createdBy: null,
      createdAt: at,
      changedAt: at,
      closedAt: null,
    },
    ...{ studies: [study], withheld: [] },
  };
  link.answer = (asked) => {
    if (asked.path.startsWith('/cases/')) return json(ofReview);
    return asked.path.startsWith('/results') ? read.promise : gateway.answer(asked);
  };
  const loaded = store.load();
  assert.ok(await untilRead(() => store.case.value !== null));
  assert.is(store.found.value.value, null);
  read.resolve(refusal(503, 'unavailable'));
  await loaded;
  assert.is(store.found.answer.value.state, 'failed');
});

test('a signature that the gateway refuses as contradicting is signed anyway only where it is meant', async () => {
  const gateway = createGateway();
  const { store, link, tools, sign } = await open(gateway.answer);
  await store.decide(SAID);
  link.answer = (asked) =>
    (asked.body as { isMeant?: boolean } | null)?.isMeant === false
      ? refusal(409, 'review-contradicts')
      : gateway.answer(asked);
  await sign();
  assertEach(store.unsent.value, ({ trouble }) => trouble?.code, ['review-contradicts']);
  await store.signAnyway();
  assert.equal([store.unsent.value, await unsentSteps(tools)], [[], []]);
  assertEach(gateway.taken, ({ body }) => (body as { isMeant?: boolean }).isMeant, [undefined, true]);
});

test('answers that were not saved are there on the next visit, unreadable on the disk, until they are saved', async () => {
  const gateway = createGateway();
  const device = openDevice();
  const { store, database } = await open(gateway.answer, device);
  assert.is(store.draft.value, null);
  const typed = { decision: null, answers: { comment: 'PLANTED draft' }, reason: '' };
  const writes = ['P', 'PL'].map((comment) => store.keepDraft({ ...typed, answers: { comment } }));
  await Promise.all([...writes, store.keepDraft(typed)]);
  store.close();
  assert.not.match(await onDisk(database), 'PLANTED');
  const later = await open(gateway.answer, device);
  assert.equal(later.store.draft.value, typed);
  assert.equal(await unsentSteps(later.tools), [], 'a draft is not sent');
  await later.store.decide(SAID);
  assert.is((await open(gateway.answer, device)).store.draft.value, null);
});

test('the last letters that were typed are there, however quickly the reader comes back', async () => {
  const gateway = createGateway();
  const device = openDevice();
  const { store } = await open(gateway.answer, device);
  const typed = [...'Left lower lobe of Doe Jane'].map((_, at, all) => all.slice(0, at + 1).join(''));
  const writes = typed.map((comment) => store.keepDraft({ ...SAID, answers: { comment } }));
  store.close();
  const later = await open(gateway.answer, device);
  assert.equal(later.store.draft.value?.answers, { comment: typed.at(-1) });
  await Promise.all(writes);
});

test('a draft is gone where the reading was changed on another device since', async () => {
  const gateway = createGateway();
  const device = openDevice();
  const { store } = await open(gateway.answer, device);
  await store.keepDraft({ ...SAID, decision: null });
  await (await open(gateway.answer)).store.decide(SAID);
  assert.is((await open(gateway.answer, device)).store.draft.value, null);
});

test('nobody else on the device sends them', async () => {
  const gateway = createGateway();
  const { store, link, tools } = await open(gateway.answer);
  link.answer = unreachable;
  await store.decide(SAID);
  assert.equal(await unsentSteps({ ...tools, account: randomUUID() }), []);
});

test.run();
