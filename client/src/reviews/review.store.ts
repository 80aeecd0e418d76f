/** One review as its page shows it, with what this device has not sent yet, and what a person does with it. */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
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
import {
  discardStep,
  keepGiven,
  sendStep,
  unsentSteps,
  type Given,
  type Outcome,
  type OutboxTools,
} from './review-outbox.ts';

/** A reader's decision on a case, with the answers of the form. */
export type Answered = Pick<Decide, 'decision' | 'answers' | 'reason'>;
/** `trouble`: the gateway refused it; null: it waits for the link. */
export type Unsent = { readonly given: Given; readonly trouble: CaseTrouble | null };

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
  /** The next that waits for the caller; null: none; undefined: not asked yet. */
  readonly next: ReadonlySignal<string | null | undefined>;
  load(isAnonymous: boolean): Promise<void>;
  decide(said: Answered): Promise<void>;
  sign(): Promise<void>;
  take(place: ReviewPlace, accountId: string): Promise<void>;
  withdraw(): Promise<void>;
  /** Sends again what waits for the link. */
  sendAgain(): Promise<void>;
  /** Forgets what the gateway refused. */
  discard(): Promise<void>;
  close(): void;
}

export interface ReviewTools extends OutboxTools {
  readonly now: () => number;
  readonly newId: () => string;
}

function openState() {
  return {
    review: signal<Review | null>(null),
    of: signal<Case | null>(null),
    isMissing: signal(false),
    trouble: signal<CaseTrouble | null>(null),
    isBusy: signal(false),
    unsent: signal<readonly Unsent[]>([]),
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
  const post = (to: string, body: object) =>
    tried(state, async () => {
      const path = `/reviews/${id}/${to}`;
      state.review.value = await tools.api.json(path, reviewSchema, { method: 'POST', body });
    });
  return {
    review: state.review,
    case: state.of,
    isMissing: state.isMissing,
    trouble: state.trouble,
    isBusy: state.isBusy,
    unsent: state.unsent,
    own,
    next: state.next,
    load: (isAnonymous) => tried(state, () => load(tools, state, { id, isAnonymous })),
    decide: (said) => step({ step: 'decide', request: { ...at(), ...said } }),
    sign: () => step({ step: 'sign', request: at() }),
    take: ({ place, version }, accountId) => post('assign', { id: tools.newId(), place, version, accountId }),
    withdraw: () => post('withdraw', { id: tools.newId() }),
    sendAgain: () => tried(state, () => sendAll(tools, state)),
    async discard() {
      for (const { given } of state.unsent.peek()) await discardStep(tools, given.request.id);
      state.unsent.value = [];
    },
    close: () => state.closed.abort(),
  };
}

/** As it will be once everything that waits is sent. */
function ownIn(review: Review | null, unsent: readonly Unsent[]): ReviewPlace | null {
  const place = review?.places.find(({ isMine }) => isMine) ?? null;
  if (place === null) return null;
  const waiting = unsent.filter(({ trouble }) => trouble === null).map(({ given }) => given);
  const said = waiting.findLast((given) => given.step === 'decide');
  const version = place.version + waiting.length;
  if (waiting.some(({ step }) => step === 'sign')) return { ...place, version, state: 'signed' };
  if (said?.step !== 'decide') return place;
  const { decision, answers, reason } = said.request;
  const at = new Date(said.at).toISOString();
  return { ...place, version, state: 'decided', said: { decision, answers, reason, at } };
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
  const review = await tools.api.json(`/reviews/${id}${query}`, reviewSchema, { signal: until });
  state.review.value = review;
  await sendAll(tools, state);
  state.of.value = await tools.api.json(`/cases/${review.caseId}?anonymise=1`, caseSchema, { signal: until });
  await findNext(tools, state);
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
  if (isSent && given.step === 'sign') await findNext(tools, state);
}

async function sendAll(tools: ReviewTools, state: State): Promise<void> {
  for (const { given } of state.unsent.peek()) {
    const outcome = await sendStep(tools, given);
    take(state, given, outcome);
    if (outcome.kind !== 'sent') return;
  }
}

function take(state: State, given: Given, outcome: Outcome): void {
  if (outcome.kind === 'sent') {
    state.unsent.value = state.unsent.peek().filter((one) => one.given !== given);
    state.review.value = outcome.review;
  }
  if (outcome.kind === 'refused') {
    const trouble = troubleOf(outcome.error);
    state.unsent.value = state.unsent.peek().map((one) => (one.given === given ? { given, trouble } : one));
  }
}
