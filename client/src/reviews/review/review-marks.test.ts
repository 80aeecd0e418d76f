/** Marks reach the gateway whatever happens to link and page, each version of them once; or the reader decides. */
import { randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { marksDigest, type Annotation, type PutAnnotations } from '#shared/protocol/annotations.ts';
import type { Sign } from '#shared/protocol/reviews.ts';
import {
  giveTurns,
  json,
  openTestApi,
  refusal,
  unreachable,
  untilRead,
  type Answering,
} from '../../testing/open-api.ts';
import { onDisk, openDevice } from '../../testing/open-queue.ts';
import { createReviewStore, type ReviewStore } from './review.store.ts';
import { SIGN_AFTER_SECONDS } from './signing.ts';
import { openTestOutbox, unsentSteps } from '../../testing/open-outbox.ts';
import { answerBeside, recordedReview } from '../../testing/recorded-review.ts';
import { assertEach } from '../../testing/assert-each.ts';

const ACCOUNT = randomUUID();
const REVIEW = recordedReview(ACCOUNT, {
  ...{ state: 'decided', version: 2 },
  said: { decision: 'accept', answers: {}, reason: '', at: '2026-11-20T10:00:00.000Z' },
});

let drawn = 0;
function countDrawn(): number {
  drawn += 1;
  return drawn;
}
const mark = (label: string, number = countDrawn()): Annotation => ({
  ...{ id: randomUUID(), number, kind: 'point', frame: 1, points: [[1, 2]], label },
  ...{ studyInstanceUID: '1.2', seriesInstanceUID: '1.2.3', sopInstanceUID: '1.2.3.4' },
});
const labels = (marks: readonly Annotation[] | null) => marks?.map(({ label }) => label);

/** A gateway that takes each request once, as the real one does; every answer it gives can be lost. */
function createGateway() {
  const place = { place: 1, version: 0, annotations: [] as Annotation[], lastNumber: 0 };
  const shown = () => json({ places: [{ ...place, state: 'open', stored: null }] });
  const taken: string[] = [];
  const known = new Set<string>();
  const put = ({ id, version, annotations, lastNumber }: PutAnnotations): Response => {
    if (known.has(id)) return shown();
    if (version !== place.version) return refusal(409, 'review-changed');
    Object.assign(place, { version: version + 1, annotations, lastNumber });
    taken.push(annotations.map(({ label }) => label).join());
    known.add(id);
    return shown();
  };
  const sign = async ({ marksDigest: seen }: Sign): Promise<Response> => {
    if (seen !== (await marksDigest(place.annotations))) return refusal(409, 'review-marks-changed');
    taken.push('signature');
    return json(REVIEW);
  };
  const answer: Answering = (asked) => {
    const { method, path, body } = asked;
    if (method === 'PUT') return put(body as PutAnnotations);
    if (path.endsWith('/annotations')) return shown();
    if (path.endsWith('/sign')) return sign(body as Sign);
    return answerBeside(asked, REVIEW);
  };
  return { taken, answer, place };
}

/** A window on a device; `link` answers in the gateway's place; `later` is what waits for its time. */
async function open(answer: Answering, device = openDevice()) {
  const { database } = await device;
  const link = { answer };
  const later = new Set<() => void>();
  const { api } = openTestApi(
    (asked) => link.answer(asked),
    () => ACCOUNT,
  );
  const wait = (_: number, then: () => void) => {
    later.add(then);
    return () => void later.delete(then);
  };
  const { outbox } = openTestOutbox(api, database, ACCOUNT);
  const tools = { api, database, account: ACCOUNT, outbox, newId: randomUUID, wait };
  const store = createReviewStore(tools, REVIEW.id);
  await store.load();
  const sent = () => untilRead(() => store.unsent.value.length === 0);
  const passTime = () => {
    for (const then of [...later]) {
      later.delete(then);
      then();
    }
  };
  /** Presses Sign and lets the time to undo it pass. */
  const sign = async (): Promise<void> => {
    store.sign(false);
    for (let second = 0; second < SIGN_AFTER_SECONDS; second += 1) passTime();
    assert.ok(await untilRead(() => !store.isBusy.value));
  };
  const codes = () => store.unsent.value.map(({ trouble }) => trouble?.code);
  return { store, link, tools, database, sent, passTime, sign, codes };
}

test('quick changes go as one request, the last of them', async () => {
  const gateway = createGateway();
  const { store, sent, passTime } = await open(gateway.answer);
  for (const label of ['a', 'b', 'c']) await store.annotate([mark(label)]);
  await giveTurns();
  assert.equal(gateway.taken, []);
  passTime();
  assert.ok(await sent());
  assert.equal(gateway.taken, ['c']);
  await store.annotate([mark('d')]);
  passTime();
  assert.ok(await sent());
  assert.equal([gateway.taken, gateway.place.version], [['c', 'd'], 2]);
});

test('marks drawn without a link lie unreadable on the device, and go before the signature', async () => {
  const gateway = createGateway();
  const { store, link, tools, database, sent, passTime } = await open(gateway.answer);
  link.answer = unreachable;
  await store.annotate([mark('PLANTED one')]);
  passTime();
  assert.ok(await untilRead(() => store.isCutOff.value));
  await store.annotate([mark('two')]);
  await store.annotate([mark('three')]);
  store.sign(false);
  for (let second = 0; second < 5; second += 1) passTime();
  assert.ok(await untilRead(() => !store.isBusy.value && store.unsent.value.length === 3));
  assert.not.match(await onDisk(database), 'PLANTED');
  assert.is((await unsentSteps(tools)).length, 3, 'one that was tried, the newest, the signature');
  link.answer = gateway.answer;
  await store.sendAgain();
  assert.ok(await sent());
  assert.equal(gateway.taken, ['PLANTED one', 'three', 'signature']);
  assert.equal(await unsentSteps(tools), []);
});

test('a lost answer doubles nothing, and what was drawn since is not lost with it', async () => {
  const gateway = createGateway();
  const device = openDevice();
  const { store, link, passTime } = await open(gateway.answer, device);
  link.answer = (asked) => {
    void gateway.answer(asked);
    return unreachable();
  };
  await store.annotate([mark('first')]);
  passTime();
  assert.ok(await untilRead(() => store.isCutOff.value));
  await store.annotate([mark('first'), mark('second')]);
  const again = await open(gateway.answer, device);
  assert.equal(labels(again.store.marks.value), ['first', 'second']);
  assert.ok(await again.sent());
  assert.equal(gateway.taken, ['first', 'first,second']);
});

test('marks that another tab has sent are not changed under the id of that request', async () => {
  const gateway = createGateway();
  const device = openDevice();
  const { store, tools, sent, passTime } = await open(gateway.answer, device);
  const idsOf = () => store.unsent.value.map(({ given }) => given.request.id);
  await store.annotate([mark('a')]);
  const before = idsOf();
  await store.annotate([mark('a')]);
  assert.equal([idsOf().length, (await unsentSteps(tools)).length], [1, 1]);
  assert.not.equal(idsOf(), before);
  await open(gateway.answer, device);
  assert.ok(await sent());
  await store.annotate([...store.marks.value!, mark('b')]);
  passTime();
  assert.ok(await sent());
  assert.equal(gateway.taken, ['a', 'a,b']);
});

test('an adjudicator takes over a reader’s marks as copies, again without doubling them, and another’s in their place', async () => {
  const gateway = createGateway();
  const first = mark('of the first');
  const second = mark('of the second');
  const both = mark('of both');
  const others = [
    { place: 2, version: 1, annotations: [first, both], lastNumber: 9, state: 'signed', stored: null },
    { place: 3, version: 1, annotations: [second, both], lastNumber: 9, state: 'signed', stored: null },
  ];
  const { store, sent, passTime } = await open(async (asked) => {
    const answer = await gateway.answer(asked);
    if (!asked.path.endsWith('/annotations')) return answer;
    return json({ places: [...((await answer.json()) as { places: object[] }).places, ...others] });
  });
  const numbered = () => store.marks.value!.map(({ number, label }) => `${number} ${label}`);
  await store.annotate([mark('own', 1), mark('removed', 2)]);
  await store.annotate(store.marks.value!.slice(0, 1));
  for (let taken = 0; taken < 2; taken += 1) await store.takeMarks(2);
  assert.equal(numbered(), ['1 own', '3 of the first', '4 of both']);
  assert.not.ok(
    store.marks.value!.some(({ id }) => [first.id, both.id].includes(id)),
    'copies',
  );
  await store.takeMarks(3);
  assert.equal(numbered(), ['1 own', '4 of both', '5 of the second']);
  passTime();
  assert.ok(await sent());
  assert.equal(gateway.taken.at(-1), 'own,of both,of the second');
});

for (const { meanwhile, places, own } of [
  { meanwhile: 'other answers were saved', places: REVIEW.places, own: ['mine'] },
  { meanwhile: 'the reading was given to somebody else', places: [], own: [] },
])
  test(`a refused signature shows the reader’s marks at most once: ${meanwhile}`, async () => {
    const gateway = createGateway();
    Object.assign(gateway.place, { version: 1, annotations: [mark('mine')] });
    const { store, link, passTime } = await open(gateway.answer);
    assert.equal([labels(store.marks.value), store.otherMarks.value], [['mine'], []]);
    link.answer = (asked) => {
      if (asked.path.endsWith('/sign')) return refusal(409, 'review-changed');
      if (asked.path.endsWith('/annotations') && places.length === 0) return json({ places: [] });
      return asked.path === `/reviews/${REVIEW.id}` ? json({ ...REVIEW, places }) : gateway.answer(asked);
    };
    store.sign(false);
    for (let second = 0; second < 5; second += 1) passTime();
    assert.ok(await untilRead(() => store.unsent.value.some(({ trouble }) => trouble !== null)));
    assert.ok(await untilRead(() => !store.isBusy.value));
    assert.equal([labels(store.marks.value), store.otherMarks.value], [own, []]);
  });

test('a mark keeps its number, and no other ever gets it: neither on the page nor after the page was opened again', async () => {
  const gateway = createGateway();
  const device = openDevice();
  const { store, sent, passTime } = await open(gateway.answer, device);
  const draw = (from: ReviewStore, label: string) =>
    from.annotate([...from.marks.value!, mark(label, from.nextNumber())]);
  const remove = (from: ReviewStore, label: string) =>
    from.annotate(from.marks.value!.filter((one) => one.label !== label));
  const numbered = (from: ReviewStore) => from.marks.value!.map(({ number, label }) => `${number}${label}`);
  for (const label of ['a', 'b', 'c']) await draw(store, label);
  await remove(store, 'a');
  await draw(store, 'd');
  await remove(store, 'd');
  assert.equal([numbered(store), store.nextNumber()], [['2b', '3c'], 5]);
  // Not sent yet, and then known to the gateway alone.
  const waiting = await open(unreachable, device);
  assert.is(waiting.store.nextNumber(), 5);
  passTime();
  assert.ok(await sent());
  const elsewhere = await open(gateway.answer);
  assert.equal([numbered(elsewhere.store), elsewhere.store.nextNumber()], [['2b', '3c'], 5]);
  await draw(elsewhere.store, 'e');
  assert.equal(numbered(elsewhere.store), ['2b', '3c', '5e']);
});

test('a page that closes sends what was drawn in the last moment', async () => {
  const gateway = createGateway();
  const { store } = await open(gateway.answer);
  await store.annotate([mark('late')]);
  store.close();
  assert.ok(await untilRead(() => gateway.taken.length === 1));
});

for (const { choice, stands } of [
  { choice: 'keepOwnMarks', stands: 'mine' },
  { choice: 'takeOtherMarks', stands: 'theirs' },
  { choice: 'discard', stands: 'theirs' },
] as const)
  test(`marks of another device are not overwritten: the reader decides (${choice})`, async () => {
    const gateway = createGateway();
    const { store, tools, passTime } = await open(gateway.answer);
    Object.assign(gateway.place, { version: 4, annotations: [mark('theirs')] });
    await store.annotate([mark('mine')]);
    passTime();
    assert.ok(await untilRead(() => store.unsent.value.some(({ trouble }) => trouble !== null)));
    assert.equal(labels(gateway.place.annotations), ['theirs']);
    assert.is(store.unsent.value[0]?.trouble?.code, 'review-changed');
    assert.ok(await untilRead(() => store.elsewhere.value !== null));
    assert.equal([labels(store.elsewhere.value), labels(store.marks.value)], [['theirs'], ['mine']]);
    await store[choice]();
    assertEach([gateway.place.annotations, store.marks.value], labels, [[stands], [stands]]);
    assert.equal([store.unsent.value, await unsentSteps(tools)], [[], []]);
  });

for (const { where, isWaiting } of [
  { where: 'at once', isWaiting: false },
  { where: 'kept without a link and sent later', isWaiting: true },
])
  test(`nobody signs marks other than those in sight, ${where}: they are shown, and are signed once more`, async () => {
    const gateway = createGateway();
    const { store, link, tools, passTime, sent, sign, codes } = await open(gateway.answer);
    await store.annotate([mark('box')]);
    passTime();
    assert.ok(await sent());
    const other = await open(gateway.answer);
    if (isWaiting) link.answer = unreachable;
    if (isWaiting) await sign();
    await other.store.annotate([mark('ellipse')]);
    other.passTime();
    assert.ok(await other.sent());
    if (!isWaiting) assert.equal(labels(store.marks.value), ['box'], 'in sight');
    if (!isWaiting) await sign();
    link.answer = gateway.answer;
    if (isWaiting) await store.sendAgain();
    assert.equal([codes(), gateway.taken], [['review-marks-changed'], ['box', 'ellipse']]);
    assert.equal([labels(store.marks.value), store.own.value?.state], [['ellipse'], 'decided']);
    await store.signAgain();
    assert.equal([store.unsent.value, await unsentSteps(tools)], [[], []]);
    await sign();
    assert.equal([codes(), gateway.taken.at(-1)], [[], 'signature']);
  });

test('marks that change while a signature can be taken back undo it here, and are not signed from elsewhere', async () => {
  const gateway = createGateway();
  const { store, passTime, sent, codes } = await open(gateway.answer);
  store.sign(false);
  await store.annotate([mark('box')]);
  assert.is(store.signing.value, null);
  passTime();
  assert.ok(await sent());
  store.sign(false);
  Object.assign(gateway.place, { version: 2, annotations: [mark('ellipse')] });
  await store.refresh();
  assert.equal(labels(store.marks.value), ['ellipse']);
  for (let second = 0; second < SIGN_AFTER_SECONDS; second += 1) passTime();
  assert.ok(await untilRead(() => codes().length > 0 && !store.isBusy.value));
  assert.equal(
    [codes(), gateway.taken],
    [['review-marks-changed'], ['box']],
    'as seen when Sign was pressed',
  );
});

test('an open page takes in marks of another tab by itself, and of another device when it is looked at again', async () => {
  const gateway = createGateway();
  const device = openDevice();
  const { store } = await open(gateway.answer, device);
  const tab = await open(gateway.answer, device);
  await tab.store.annotate([mark('tab')]);
  assert.ok(await untilRead(() => labels(store.marks.value)?.[0] === 'tab'));
  tab.passTime();
  assert.ok(await tab.sent());
  assert.ok(await untilRead(() => store.unsent.value.length === 0));
  assert.equal(labels(store.marks.value), ['tab']);
  const elsewhere = await open(gateway.answer);
  await elsewhere.store.annotate([mark('device')]);
  elsewhere.passTime();
  assert.ok(await elsewhere.sent());
  assert.equal(labels(store.marks.value), ['tab']);
  await store.refresh();
  const before = store.marks.value;
  assert.equal(labels(before), ['device']);
  await store.refresh();
  assert.is(store.marks.value, before, 'unchanged, they are the same: steps back lead on from them');
});

test('a slow answer about marks, older than those that were saved since, changes nothing', async () => {
  const gateway = createGateway();
  const { store, link, passTime, sent } = await open(gateway.answer);
  const late = Promise.withResolvers<void>();
  let isAsked = false;
  link.answer = async (asked) => {
    const answer = await gateway.answer(asked);
    if (asked.method === 'GET' && asked.path.endsWith('/annotations')) {
      isAsked = true;
      await late.promise;
    }
    return answer;
  };
  const reading = store.refresh();
  assert.ok(await untilRead(() => isAsked));
  await store.annotate([mark('new')]);
  passTime();
  assert.ok(await sent());
  late.resolve();
  await reading;
  assert.equal(labels(store.marks.value), ['new']);
});

test('marks of another device that were seen while others wait are not overwritten with those drawn since', async () => {
  const gateway = createGateway();
  const { store, passTime, codes } = await open(gateway.answer);
  await store.annotate([mark('mine')]);
  Object.assign(gateway.place, { version: 1, annotations: [mark('theirs')] });
  await store.refresh();
  await store.annotate([mark('mine')]);
  passTime();
  assert.ok(await untilRead(() => codes()[0] === 'review-changed'));
  assert.equal([gateway.taken, labels(gateway.place.annotations)], [[], ['theirs']]);
});

test('marks from elsewhere leave answers that wait behind them, and no signature under the others', async () => {
  const gateway = createGateway();
  const { store, link, tools, passTime, sign, codes } = await open(gateway.answer);
  Object.assign(gateway.place, { version: 4, annotations: [mark('theirs')] });
  link.answer = unreachable;
  await store.annotate([mark('mine')]);
  passTime();
  await store.decide({ decision: 'accept', answers: {}, reason: '' });
  await sign();
  const asked: string[] = [];
  link.answer = (one) => {
    if (one.method === 'POST') asked.push(one.path.split('/').at(-1)!);
    return gateway.answer(one);
  };
  await store.sendAgain();
  assert.equal(codes(), ['review-changed', undefined, undefined]);
  await store.takeOtherMarks();
  assert.equal([asked, labels(store.marks.value)], [['decision'], ['theirs']]);
  assert.equal([store.unsent.value, await unsentSteps(tools)], [[], []]);
});

test.run();
