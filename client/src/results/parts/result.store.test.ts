import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { signal } from '@preact/signals';
import type { Role } from '#shared/protocol/api.ts';
import { MAY_HOLD_NAME_HEADER, type Result, type ResultInstance } from '#shared/protocol/inference.ts';
import {
  giveTurns,
  json,
  openTestApi,
  refusal,
  unreachable,
  untilRead,
  type Answering,
} from '../../testing/open-api.ts';
import { idOf, recordedResult } from '../../testing/recorded-answers.ts';
import { valuesOf } from '../../testing/values-of.ts';
import { assertEach } from '../../testing/assert-each.ts';
import { isOverruled, type Answered, type Unsent } from '../../outbox/outbox.ts';
import type { Saying, Verdict as GivenVerdict } from '../../outbox/statements.ts';
import type { VerifyRequest } from './finding-kinds.ts';
import { STILL_MS } from './follow-result.ts';
import { createKeptResults } from './kept-results.ts';
import { canDecide, createResultStore, mayVerify, type UnsentVerdict, type Verdict } from './result.store.ts';

const RESULT = recordedResult(1);
const VERIFIED = {
  ...RESULT,
  revision: 2,
  verification: { verdict: 'agree' as const, finding: null, at: RESULT.createdAt, by: idOf(501) },
};
const reportOf = ({ instances }: Result): ResultInstance => instances.find(({ kind }) => kind === 'SR')!;
const plain: Answering = () => json(RESULT);
const withImage =
  (image: () => Response): Answering =>
  ({ path }) =>
    path.includes('explanations') ? image() : json(RESULT);

/** A result's page over an outbox that takes every verdict, and says later what became of it. */
async function open(answer: Answering, kept = createKeptResults()) {
  const { api, asked } = openTestApi(answer);
  const given: Saying<GivenVerdict>[] = [];
  const outbox = {
    statements: signal<readonly Unsent[]>([]),
    answered: signal<Answered | null>(null),
    async give(one: Saying) {
      given.push(one as Saying<GivenVerdict>);
    },
    async discard() {
      outbox.statements.value = [];
    },
    send: async () => undefined,
  };
  const listed: Result[] = [];
  const sleeps: (() => void)[] = [];
  /** Pauses of a page that stands open, with nothing under way. */
  const stills: (() => void)[] = [];
  const clock = {
    now: () => 0,
    sleep: (ms: number) => new Promise<void>((resolve) => (ms === STILL_MS ? stills : sleeps).push(resolve)),
  };
  const isNameAwaited = signal(false);
  const store = createResultStore({
    ...{ api, id: RESULT.id, outbox, clock, kept },
    onResult: (one) => listed.push(one),
    awaitsName: () => isNameAwaited.value,
  });
  await store.load();
  return { store, sleeps, stills, asked, given, outbox, listed, isNameAwaited };
}

const unsentOf = (isOvertaken: boolean, code = isOvertaken ? 'result-changed' : null): UnsentVerdict => ({
  said: {
    ...{ step: 'verdict', at: 1, resultId: RESULT.id, revision: 1 },
    request: { verdict: 'correct', finding: 'normal', reason: 'no opacity' },
    input: { kind: 'dicom' },
  },
  trouble: { kind: 'stop', title: '', next: null, code },
  ...{ isRetried: code === null, isSending: false, isFresh: false, isKept: true },
});
const sendingOf = (request: VerifyRequest): Unsent => {
  const { said, ...unsent } = unsentOf(false);
  return { ...unsent, said: { ...said, request }, trouble: null, isSending: true };
};
const savedOf = (result: Result): Answered => ({ said: unsentOf(false).said, result });

test('only a radiologist gets the bar that asks for a verdict; it takes no room on a technician’s page', () => {
  const may = (...roles: Role[]) => mayVerify({ roles });
  assert.equal([may('radiologist'), may('technician', 'radiologist')], [true, true]);
  const others = [may('technician'), may('researcher'), may('auditor'), may('admin'), mayVerify(null)];
  assert.equal(others.filter(Boolean), []);
});

test('an image may show a name until the gateway says that its header rules that out', async () => {
  const answers = ['true', undefined, 'false'];
  const said: boolean[] = [];
  for (const answer of answers) {
    const headers: Record<string, string> = answer === undefined ? {} : { [MAY_HOLD_NAME_HEADER]: answer };
    const { store } = await open(withImage(() => new Response('png', { headers })));
    await store.want('image');
    said.push(store.named.value.mayHoldName);
    assert.is(store.named.value.of, RESULT.finding.input.sopInstanceUID ?? RESULT.id);
  }
  assert.equal(said, [true, true, false]);
});

test('a verdict is impossible until its image is drawn, and again once it is not', async () => {
  const { store, given } = await open(withImage(() => new Response('png')));
  const kinds = [store.image.value];
  await store.decide({ verdict: 'agree' });
  await store.want('image');
  kinds.push(store.image.value);
  await store.decide({ verdict: 'agree' });
  assert.equal([kinds, given.length], [['loading', 'loading'], 0], 'fetched is not drawn');
  store.noteImage(true);
  await store.decide({ verdict: 'agree' });
  assert.equal(valuesOf(given, 'resultId', 'revision', 'request'), [[RESULT.id, 1, { verdict: 'agree' }]]);
  store.noteImage(false);
  await store.decide({ verdict: 'correct', finding: 'normal', reason: 'no opacity' });
  assert.equal([store.image.value, given.length], ['missing', 1], 'the browser cannot draw it');
  await store.want('image');
  assert.is(store.image.value, 'loading');
});

test('a verdict that a signed review rules out has the page read that review', async () => {
  const { outbox, asked } = await open(plain);
  const before = asked.length;
  outbox.statements.value = [unsentOf(true, 'review-stands')];
  await giveTurns();
  assert.ok(asked.length > before);
  const ruledOut = [unsentOf(true, 'review-stands'), unsentOf(true), unsentOf(false)];
  assert.equal(
    ruledOut.map(({ trouble }) => isOverruled(trouble)),
    [true, false, false],
  );
});

test('a verdict is impossible while the name of the patient is on its way', async () => {
  const { store, given, isNameAwaited } = await open(plain);
  store.noteImage(true);
  isNameAwaited.value = true;
  await store.decide({ verdict: 'agree' });
  assert.equal([given, store.isNameAwaited.value], [[], true]);
  isNameAwaited.value = false;
  await store.decide({ verdict: 'agree' });
  assert.is(given.length, 1);
});

test('an image that cannot be fetched allows no verdict', async () => {
  const { store, given } = await open(withImage(() => refusal(410, 'image-gone')));
  await store.want('image');
  await store.decide({ verdict: 'agree' });
  assert.equal([store.image.value, given], ['missing', []]);
});

test('one key does not overwrite a radiologist’s verdict: changing it takes a separate step', () => {
  const none: Verdict = { kind: 'none' };
  const unsent: Verdict = { kind: 'unsent', unsent: unsentOf(false) };
  const overtaken: Verdict = { kind: 'overtaken', unsent: unsentOf(true) };
  const sending: Verdict = { kind: 'sending', request: { verdict: 'agree' } };
  for (const [result, verdict, changing, may, image] of [
    [RESULT, none, false, true],
    [VERIFIED, none, false, false],
    [VERIFIED, none, true, true],
    [RESULT, unsent, false, false],
    [RESULT, unsent, true, true],
    [RESULT, overtaken, true, false],
    [VERIFIED, none, true, false, 'missing'],
    [RESULT, sending, true, false],
  ] as const)
    assert.is(
      canDecide(result, verdict, { changing, image: image ?? 'shown', isNameAwaited: false }),
      may,
      `revision ${result.revision}, ${verdict.kind}, changing: ${changing}, image: ${image}`,
    );
});

test('a second press does not send a second verdict while one is on its way', async () => {
  const { store, given, outbox } = await open(plain);
  store.noteImage(true);
  outbox.statements.value = [sendingOf({ verdict: 'agree' })];
  await store.decide({ verdict: 'agree' });
  assert.equal([store.verdict.value.kind, given], ['sending', []]);
});

test('the buttons of a verdict that waits stay while it is tried again', async () => {
  const { store, outbox } = await open(plain);
  const unsent = unsentOf(false);
  outbox.statements.value = [unsent];
  assert.equal(store.verdict.value, { kind: 'unsent', unsent });
});

test('a form that is sent after another tab kept a verdict is not lost, and counts for what its author saw', async () => {
  const { store, given, outbox } = await open(plain);
  store.noteImage(true);
  const { shown } = store;
  const opened = shown.value.kind === 'ready' ? shown.value.result : RESULT;
  outbox.statements.value = [sendingOf({ verdict: 'agree' })];
  outbox.answered.value = savedOf(VERIFIED);
  const request = { verdict: 'correct' as const, finding: 'normal' as const, reason: 'no opacity' };
  await store.submit(request, opened);
  assertEach(given, (one) => [one.revision, one.request], [[1, request]]);
});

test('a verdict that arrives long after it was given is shown, here and in the list', async () => {
  const { store, outbox, listed } = await open(plain);
  outbox.answered.value = savedOf(VERIFIED);
  assert.equal(store.shown.value, { kind: 'ready', result: VERIFIED });
  assert.is(listed.at(-1), VERIFIED);
});

test('a verdict that came second waits beside the first until it is sent or discarded', async () => {
  let isVerified = false;
  const { store, outbox, given } = await open(() => json(isVerified ? VERIFIED : RESULT));
  isVerified = true;
  const unsent = unsentOf(true);
  outbox.statements.value = [unsent];
  const { shown } = store;
  assert.ok(await untilRead(() => shown.value.kind === 'ready' && shown.value.result.revision === 2));
  await giveTurns();
  assert.equal([store.verdict.value, outbox.statements.value], [{ kind: 'overtaken', unsent }, [unsent]]);
  await store.decide({ verdict: 'agree' });
  assert.equal(given, [], 'one answer waits already');
  await store.again();
  const overSeen = [[2, unsent.said.request]];
  assert.equal(valuesOf(given, 'revision', 'request'), overSeen, 'over the verdict that its author has seen');
  await store.discard();
  assert.equal(store.verdict.value, { kind: 'none' });
});

const report = (revision: number, state: string) => ({
  ...reportOf(RESULT),
  revision,
  state,
  sopInstanceUID: `2.25.${revision}` as ResultInstance['sopInstanceUID'],
});

test('after a change of the verdict the page asks until the PACS has the new report', async () => {
  const before = { ...VERIFIED, instances: [report(1, 'stored'), report(2, 'stored')] };
  const changed = { ...before, revision: 3 };
  const promised = { ...changed, instances: [...before.instances, report(3, 'promised')] };
  const stored = { ...changed, instances: [...before.instances, report(3, 'stored')] };
  let answer: Result | null = before;
  const { store, outbox, sleeps, listed } = await open(() =>
    answer ? json(answer) : refusal(503, 'unavailable'),
  );
  assert.is(sleeps.length, 0, 'nothing is on its way');
  outbox.answered.value = savedOf(changed);
  for (const next of [null, before, changed, promised, stored]) {
    assert.ok(await untilRead(() => sleeps.length === 1), 'it asks again');
    assert.ok(store.shown.value.kind === 'ready' && store.shown.value.result.revision === 3);
    answer = next;
    sleeps.pop()!();
  }
  assert.ok(await untilRead(() => listed.at(-1)?.instances.at(-1)?.state === 'stored'));
  assert.equal([store.shown.value, sleeps.length], [{ kind: 'ready', result: stored }, 0]);
});

test('a page that is left no longer asks', async () => {
  const { store, outbox, sleeps, asked } = await open(plain);
  outbox.answered.value = savedOf({ ...VERIFIED, instances: [report(1, 'stored')] });
  assert.ok(await untilRead(() => sleeps.length === 1));
  const before = asked.length;
  store.close();
  sleeps.pop()!();
  await giveTurns();
  assert.equal([asked.length, sleeps.length], [before, 0]);
});

test('a picture that cannot be fetched is missing, and is requested again when needed', async () => {
  let isGone = true;
  const { store, asked } = await open(
    withImage(() => (isGone ? refusal(404, 'not-found') : new Response('png'))),
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

test('without a link the result that was open before is there with its image, and its verdict can be changed', async () => {
  const kept = createKeptResults();
  const { store: before } = await open(
    withImage(() => new Response('png')),
    kept,
  );
  await before.want('image');
  const image = before.pictures.value.get('image');
  before.close();
  const { store, outbox, given } = await open(unreachable, kept);
  assert.equal(store.shown.value, { kind: 'ready', result: RESULT });
  assert.is(store.pictures.value.get('image'), image);
  store.noteImage(true);
  outbox.statements.value = [unsentOf(false)];
  await store.decide({ verdict: 'agree' });
  assert.equal(valuesOf(given, 'revision', 'request'), [[1, { verdict: 'agree' }]]);
  store.close();
  kept.close();
  const { store: late } = await open(unreachable, kept);
  assert.is(late.shown.value.kind, 'failed', 'nothing is kept once the pages are left');
});

test('an answer that is older than the shown result, as a slow one is, changes neither the page nor the list', async () => {
  let gate = Promise.resolve();
  const { store, outbox, listed } = await open(async () => {
    await gate;
    return json(RESULT);
  });
  const late = Promise.withResolvers<void>();
  gate = late.promise;
  const loading = store.load();
  outbox.answered.value = savedOf(VERIFIED);
  late.resolve();
  await loading;
  assert.equal([store.shown.value, listed.at(-1)], [{ kind: 'ready', result: VERIFIED }, VERIFIED]);
});

test('a verdict that is saved after its page was left is there without a link, but not over a later one', async () => {
  const kept = createKeptResults();
  const { store: left } = await open(plain, kept);
  left.close();
  kept.note(VERIFIED);
  const { store: judged } = await open(unreachable, kept);
  assert.equal(judged.shown.value, { kind: 'ready', result: VERIFIED });
  judged.close();
  const changed = { ...VERIFIED, revision: 3 };
  kept.note(changed);
  kept.note(VERIFIED);
  const { store, outbox } = await open(unreachable, kept);
  outbox.answered.value = savedOf(VERIFIED);
  assert.equal(store.shown.value, { kind: 'ready', result: changed });
});

test('a page that stands open shows the verdict of another reader, and reads the result only then', async () => {
  let held: Result = RESULT;
  const { store, stills, asked, listed } = await open(({ path }) =>
    json(path.startsWith('/results?') ? { results: [held], next: null } : held),
  );
  const reads = () => asked.filter(({ path }) => path === `/results/${RESULT.id}`).length;
  stills.pop()!();
  assert.ok(await untilRead(() => stills.length === 1), 'it asks again later');
  assert.is(reads(), 1, 'reading is an event, and nothing is new');
  held = VERIFIED;
  stills.pop()!();
  assert.ok(await untilRead(() => stills.length === 1));
  assert.equal([store.shown.value, listed.at(-1)], [{ kind: 'ready', result: VERIFIED }, VERIFIED]);
  assert.is(reads(), 2);
  store.close();
});

test('a result that cannot be loaded says why', async () => {
  const { store } = await open(() => refusal(404, 'not-found'));
  const { value } = store.shown;
  assert.equal(
    value.kind === 'failed' && value.trouble.title,
    'This was not found. It may have been deleted.',
  );
});

test.run();
