/** One review as its page shows it, with what this device has not sent yet, and what a person does with it. */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { ReviewAnnotations } from '#shared/protocol/annotations.ts';
import { caseSchema, type Case } from '#shared/protocol/cases.ts';
import {
  reviewListSchema,
  reviewSchema,
  type Decide,
  type Review,
  type ReviewPlace,
} from '#shared/protocol/reviews.ts';
import { ApiProblem } from '../net/api-client.ts';
import { troubleOf, type CaseTrouble } from '../cases/case-trouble.ts';
import { discardStep, keepGiven, sendStep, unsentSteps, type Given, type Outcome } from './review-outbox.ts';
import { reviewWords } from './review-words.ts';
import {
  keepMarks,
  loadMarks,
  openMarks,
  othersOf,
  SEND_AFTER_MS,
  showMarks,
  versionOf,
  withCopies,
  waitingMarks,
  type Marks,
  type MarkTools,
  type Unsent,
} from './review-marks.ts';

/** A reader's decision on a case, with the answers of the form. */
export type Answered = Pick<Decide, 'decision' | 'answers' | 'reason'>;

export interface ReviewStore {
  readonly review: ReadonlySignal<Review | null>;
  /** Its studies, for their images. */
  readonly case: ReadonlySignal<Case | null>;
  readonly isMissing: ReadonlySignal<boolean>;
  readonly trouble: ReadonlySignal<CaseTrouble | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  readonly unsent: ReadonlySignal<readonly Unsent[]>;
  /** The caller's own place, with what waits for the link. */
  readonly own: ReadonlySignal<ReviewPlace | null>;
  /** The last try to send did not reach the gateway. */
  readonly isCutOff: ReadonlySignal<boolean>;
  /** The caller's marks on the images, with what waits for the link; null: not known yet. */
  readonly marks: ReadonlySignal<Marks | null>;
  /** Those of others that the caller may see. */
  readonly otherMarks: ReadonlySignal<ReviewAnnotations['places']>;
  /** The next that waits for the caller; null: none; undefined: not asked yet. */
  readonly next: ReadonlySignal<string | null | undefined>;
  load(isAnonymous: boolean): Promise<void>;
  decide(said: Answered): Promise<void>;
  sign(): Promise<void>;
  /** Keeps these in place of the caller's marks, at once on the device and soon at the gateway. */
  annotate(marks: Marks): Promise<void>;
  /** Takes the marks of another's reading as the caller's own, in place of those that were taken before. */
  takeMarks(place: number): Promise<void>;
  /** The gateway has other marks from another device: these take their place. */
  keepOwnMarks(): Promise<void>;
  /** Gives a place to somebody, or takes it. */
  assign(place: ReviewPlace, accountId: string): Promise<void>;
  withdraw(): Promise<void>;
  /** Sends again what waits for the link. */
  sendAgain(): Promise<void>;
  /** Forgets what the gateway refused. */
  discard(): Promise<void>;
  close(): void;
}

export type ReviewTools = MarkTools;

function openState() {
  const unsent = signal<readonly Unsent[]>([]);
  return {
    review: signal<Review | null>(null),
    of: signal<Case | null>(null),
    isMissing: signal(false),
    trouble: signal<CaseTrouble | null>(null),
    isBusy: signal(false),
    isCutOff: signal(false),
    unsent,
    marks: openMarks(unsent),
    /** Ids of the marks that were taken over from another's reading last. */
    copies: new Set<string>() as ReadonlySet<string>,
    /** Steps go one after the other, whoever asks for it. */
    sending: Promise.resolve(),
    /** Calls off the sending of marks that is to come. */
    callOff: () => {},
    next: signal<string | null | undefined>(undefined),
    closed: new AbortController(),
  };
}
type State = ReturnType<typeof openState>;

export function createReviewStore(tools: ReviewTools, id: string): ReviewStore {
  const state = openState();
  const own = computed(() => ownIn(state.review.value, state.unsent.value));
  const step = (given: Omit<Given, 'reviewId' | 'at'>) =>
    tried(state, () => give(tools, state, { ...given, reviewId: id, at: tools.now() } as Given));
  const at = () => {
    const { place, version } = own.peek()!;
    return { id: tools.newId(), place, version };
  };
  const annotate = async (marks: Marks): Promise<void> => {
    const { place } = own.peek()!;
    state.callOff();
    state.callOff = tools.wait(SEND_AFTER_MS, () => void sendAll(tools, state));
    await keepMarks(tools, state.marks, { reviewId: id, place, marks });
  };
  const post = (to: string, body: object) =>
    tried(state, async () => {
      const path = `/reviews/${id}/${to}`;
      state.review.value = await tools.api.json(path, reviewSchema, { method: 'POST', body });
      await readMarks(tools, state, id);
    });
  return {
    review: state.review,
    case: state.of,
    isMissing: state.isMissing,
    trouble: state.trouble,
    isBusy: state.isBusy,
    unsent: state.unsent,
    isCutOff: state.isCutOff,
    own,
    marks: state.marks.own,
    otherMarks: othersOf(state.marks, own),
    next: state.next,
    load: (isAnonymous) => tried(state, () => load(tools, state, { id, isAnonymous })),
    annotate,
    takeMarks: (from) => tried(state, () => takeMarks(tools, state, { reviewId: id, from }, annotate)),
    keepOwnMarks: () => tried(state, () => keepOwn(tools, state, id)),
    decide: (said) => step({ step: 'decide', request: { ...at(), ...said } }),
    sign: () => step({ step: 'sign', request: at() }),
    assign: ({ place, version }, accountId) =>
      post('assign', { id: tools.newId(), place, version, accountId }).then(() => nameNotFree(state)),
    withdraw: () => post('withdraw', { id: tools.newId() }),
    sendAgain: () => tried(state, () => sendAll(tools, state)),
    discard: () => tried(state, () => discardAll(tools, state, id)),
    close() {
      state.callOff();
      // Marks of the last moment are sent all the same.
      if (waitingMarks(state.unsent.peek()).length > 0) void sendAll(tools, state);
      state.closed.abort();
    },
  };
}

/** As it will be once everything that waits is sent. */
function ownIn(review: Review | null, unsent: readonly Unsent[]): ReviewPlace | null {
  const place = review?.places.find(({ isMine }) => isMine) ?? null;
  if (place === null) return null;
  const waiting = unsent
    .filter(({ trouble, given }) => trouble === null && given.step !== 'annotate')
    .map(({ given }) => given);
  const said = waiting.findLast((given) => given.step === 'decide');
  const version = place.version + waiting.length;
  if (waiting.some(({ step }) => step === 'sign')) return { ...place, version, state: 'signed' };
  if (said?.step !== 'decide') return place;
  const { decision, answers, reason } = said.request;
  const at = new Date(said.at).toISOString();
  return { ...place, version, state: 'decided', said: { decision, answers, reason, at } };
}

async function discardAll(tools: ReviewTools, state: State, reviewId: string): Promise<void> {
  const marks = waitingMarks(state.unsent.peek());
  for (const { given } of state.unsent.peek()) await discardStep(tools, given.request.id);
  state.unsent.value = [];
  if (marks.length === 0) return;
  showMarks(state.marks, ownPlace(state));
  await readMarks(tools, state, reviewId);
}

async function takeMarks(
  tools: ReviewTools,
  state: State,
  { reviewId, from }: { readonly reviewId: string; readonly from: number },
  annotate: ReviewStore['annotate'],
): Promise<void> {
  if (state.marks.own.peek() === null) await readMarks(tools, state, reviewId);
  const of = state.marks.server.peek()!.places.find(({ place }) => place === from)?.annotations ?? [];
  const had = state.marks.own.peek()!;
  const { marks, copies } = withCopies(had, of, { earlier: state.copies, newId: tools.newId });
  state.copies = copies;
  if (copies.size > 0 || marks.length < had.length) await annotate(marks);
}

/** An account that cannot be given a place is all that a page can ask for wrongly. */
function nameNotFree({ trouble }: State): void {
  const code = trouble.peek()?.code;
  if (code === 'invalid-request') trouble.value = { ...reviewWords.readers.notFree, code };
}

async function tried(state: State, work: () => Promise<void>): Promise<void> {
  state.trouble.value = null;
  state.isBusy.value = true;
  try {
    await work();
  } catch (error) {
    if (state.closed.signal.aborted) return;
    if (error instanceof ApiProblem && error.anyCode === 'not-found') state.isMissing.value = true;
    else state.trouble.value = troubleOf(error);
  } finally {
    state.isBusy.value = false;
  }
}

type Asked = { readonly id: string; readonly isAnonymous: boolean };

async function load(tools: ReviewTools, state: State, { id, isAnonymous }: Asked): Promise<void> {
  const { signal: until } = state.closed;
  const query = isAnonymous ? '?anonymise=1' : '';
  state.unsent.value = (await unsentSteps(tools, id)).map((given) => ({ given, trouble: null }));
  for (const { given } of state.unsent.peek()) state.marks.tried.add(given.request.id);
  const review = await tools.api.json(`/reviews/${id}${query}`, reviewSchema, { signal: until });
  state.review.value = review;
  await sendAll(tools, state);
  await readMarks(tools, state, id);
  state.of.value = await tools.api.json(`/cases/${review.caseId}?anonymise=1`, caseSchema, { signal: until });
  await findNext(tools, state);
}

const ownPlace = (state: State): number | null =>
  state.review.peek()?.places.find(({ isMine }) => isMine)?.place ?? null;

const readMarks = (tools: ReviewTools, state: State, reviewId: string): Promise<void> =>
  loadMarks(tools, state.marks, { reviewId, place: ownPlace(state), signal: state.closed.signal });

/** The last of them, over the version that the gateway has now. */
async function keepOwn(tools: ReviewTools, state: State, reviewId: string): Promise<void> {
  await readMarks(tools, state, reviewId);
  const waiting = waitingMarks(state.unsent.peek());
  const last = waiting.at(-1);
  if (last === undefined) return;
  const version = versionOf(state.marks, last.request.place);
  const given = { ...last, request: { ...last.request, id: tools.newId(), version } };
  await keepGiven(tools, given);
  for (const one of waiting) await discardStep(tools, one.request.id);
  const rest = state.unsent.peek().filter((one) => !waiting.some((mark) => mark === one.given));
  state.unsent.value = [{ given, trouble: null }, ...rest.map((one) => ({ ...one, trouble: null }))];
  await sendAll(tools, state);
}

async function findNext({ api }: ReviewTools, state: State): Promise<void> {
  const { signal: until } = state.closed;
  const list = await api.json('/reviews?list=todo&limit=2', reviewListSchema, { signal: until });
  const shown = state.review.peek()?.id;
  state.next.value = list.reviews.find(({ id }) => id !== shown)?.id ?? null;
}

/** A signature is not sent behind answers that were not taken. */
async function give(tools: ReviewTools, state: State, given: Given): Promise<void> {
  state.unsent.value = [...state.unsent.peek(), { given, trouble: null }];
  await keepGiven(tools, given);
  await sendAll(tools, state);
  const isSent = !state.unsent.peek().some((one) => one.given === given);
  if (!isSent || given.step !== 'sign') return;
  // After the last signature the others' marks are there.
  await readMarks(tools, state, given.reviewId);
  await findNext(tools, state);
}

function sendAll(tools: ReviewTools, state: State): Promise<void> {
  state.callOff();
  state.sending = state.sending.then(async () => {
    for (let next = state.unsent.peek()[0]; next; next = state.unsent.peek()[0]) {
      state.marks.tried.add(next.given.request.id);
      const outcome = await sendStep(tools, next.given);
      take(state, next.given, outcome);
      if (outcome.kind !== 'sent') return;
    }
  });
  return state.sending;
}

function take(state: State, given: Given, outcome: Outcome): void {
  state.isCutOff.value = outcome.kind === 'waits';
  if (outcome.kind === 'sent') {
    state.unsent.value = state.unsent.peek().filter((one) => one.given !== given);
    if ('review' in outcome.answer) state.review.value = outcome.answer.review;
    else state.marks.server.value = outcome.answer.annotations;
  }
  if (outcome.kind === 'refused') {
    const trouble = troubleOf(outcome.error);
    state.unsent.value = state.unsent.peek().map((one) => (one.given === given ? { given, trouble } : one));
  }
}
