/**
 * The store of a review: what its page shows, including what this device has not sent yet, and the actions of a person.
 * Long, because all of these change the same state.
 */
import { batch, computed, effect, signal, untracked, type ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { marksDigest, type ReviewAnnotations } from '#shared/protocol/annotations.ts';
import { caseSchema, type Case } from '#shared/protocol/cases.ts';
import { isEnded } from '#shared/protocol/review-state.ts';
import {
  reviewListSchema,
  reviewSchema,
  type Review,
  type ReviewPlace,
  type Sign,
} from '#shared/protocol/reviews.ts';
import { troubleOf } from '../../net/trouble-of.ts';
import type { Trouble } from '../../kit/trouble.ts';
import { ApiProblem } from '../../net/api-client.ts';
import type { Result } from '#shared/protocol/inference.ts';
import { createResource, type Resource } from '../../kit/resource.ts';
import type { Answered as AnsweredStep } from '../../outbox/outbox.ts';
import type { Saying, Statement, Step } from '../../outbox/statements.ts';
import { followReports } from './follow-reports.ts';
import { readFound } from './found-results.ts';
import { answeredIn, keptIn, ownIn, type Answered } from './own-reading.ts';
import { createDrafts, type Typed } from './review-draft.ts';
import { reviewWords } from '../parts/review-words.ts';
import { settleMarks } from './settle-marks.ts';
import { createSigning } from './signing.ts';
import {
  keepMarks,
  loadMarks,
  marksElsewhere,
  lastNumberOf,
  openMarks,
  othersOf,
  seeMarks,
  SEND_AFTER_MS,
  withCopies,
  waitingMarks,
  type Marks,
  type MarkTools,
  type Unsent,
} from './review-marks.ts';

export interface ReviewStore {
  readonly review: ReadonlySignal<Review | null>;
  /** The review's case, whose studies contain the images. */
  readonly case: ReadonlySignal<Case | null>;
  /** Results of models, as far as the caller may see them. */
  readonly found: Pick<Resource<readonly Result[], Trouble>, 'answer' | 'again' | 'value'>;
  /** Seconds until the reading is signed; null: no signature is pending. */
  readonly signing: ReadonlySignal<number | null>;
  readonly isMissing: ReadonlySignal<boolean>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  readonly unsent: ReadonlySignal<readonly Unsent[]>;
  /** The caller's own place, including what waits for the link. */
  readonly own: ReadonlySignal<ReviewPlace | null>;
  /** The last attempt to send did not reach the gateway. */
  readonly isCutOff: ReadonlySignal<boolean>;
  /** The caller's marks on the images, including what waits for the link; null: not known yet. */
  readonly marks: ReadonlySignal<Marks | null>;
  /** Other people's marks that this person may see. */
  readonly otherMarks: ReadonlySignal<ReviewAnnotations['places']>;
  /** Marks as the gateway holds them; null: not known yet. */
  readonly kept: ReadonlySignal<ReviewAnnotations | null>;
  /** The id of the next review that waits for the caller; null: none; undefined: not requested yet. */
  readonly next: ReadonlySignal<string | null | undefined>;
  /** Answers that were not saved when the page was last open; null: none. */
  readonly draft: ReadonlySignal<Typed | null>;
  load(): Promise<void>;
  /** Stores unsaved answers on the device. */
  keepDraft(typed: Typed): Promise<void>;
  decide(said: Answered): Promise<void>;
  /** Signs in a few seconds. `isMeant`: sign even if decision and answers contradict each other. */
  sign(isMeant: boolean): void;
  undoSign(): void;
  /** Signs at once, after the gateway refused because decision and answers contradict each other. */
  signAnyway(): Promise<void>;
  /** Replaces the caller's marks: at once on the device, and soon at the gateway. */
  annotate(marks: Marks): Promise<void>;
  /** The number of the next mark that is drawn. */
  nextNumber(): number;
  /** Copies the marks of another reading to the caller, in place of earlier copies. */
  takeMarks(place: number): Promise<void>;
  /** The caller's marks at the gateway, where they differ from those that it refused; null: not known. */
  readonly elsewhere: ReadonlySignal<Marks | null>;
  /** The gateway has different marks from another device; this replaces them with the marks of this page. */
  keepOwnMarks(): Promise<void>;
  takeOtherMarks(): Promise<void>;
  /** Forgets a signature that the gateway refused because the marks have changed since. */
  signAgain(): Promise<void>;
  /** Reads again, in case another device has drawn meanwhile. */
  refresh(): Promise<void>;
  /** Gives a place to an account, which may be the caller's own. */
  assign(place: ReviewPlace, accountId: string): Promise<void>;
  withdraw(): Promise<void>;
  /** Sends again what waits for the link. */
  sendAgain(): Promise<void>;
  /** Forgets the steps that the gateway refused. */
  discard(): Promise<void>;
  /** Puts the answers that the gateway refused back into the form, as unsaved. Waiting marks stay. */
  useKept(): Promise<void>;
  close(): void;
}

type ReviewTools = MarkTools;

/** A step as the page gives it. */
type StepSaying<G extends Step = Step> = G extends Step ? Omit<Saying<G>, 'reviewId'> : never;

function openState(tools: ReviewTools, id: string) {
  const inOutbox = computed(() => tools.outbox.statements.value.filter(({ said }) => isOf(said, id)));
  const unsent = computed((): readonly Unsent[] =>
    inOutbox.value.map((one) => ({
      given: one.said as Step,
      trouble: one.isRetried ? null : one.trouble,
      inOutbox: one,
    })),
  );
  const review = signal<Review | null>(null);
  const place = computed(() => review.value?.places.find(({ isMine }) => isMine)?.place ?? null);
  return {
    review,
    place,
    of: signal<Case | null>(null),
    found: createResource<readonly Result[], Trouble>(troubleOf),
    isMissing: signal(false),
    trouble: signal<Trouble | null>(null),
    isBusy: signal(false),
    isCutOff: computed(() => inOutbox.value.some(({ isRetried }) => isRetried)),
    unsent,
    marks: openMarks(unsent, place),
    /** Ids of the marks that were last copied from another reading. */
    copies: new Set<string>() as ReadonlySet<string>,
    /** Resolves once the current state has been read after a refused step. */
    reading: Promise.resolve(),
    /** Cancels the pending sending of marks. */
    callOff: () => {},
    next: signal<string | null | undefined>(undefined),
    draft: signal<Typed | null>(null),
    drafts: createDrafts(tools),
    closed: new AbortController(),
  };
}
type State = ReturnType<typeof openState>;

const isOf = (said: Statement, id: string): said is Step => said.step !== 'verdict' && said.reviewId === id;

const shownOf = ({ review, of, found, isMissing, trouble, isBusy, ...state }: State) => ({
  ...{ review, case: of, found, isMissing, trouble, isBusy },
  ...{ unsent: state.unsent, isCutOff: state.isCutOff, marks: state.marks.own, kept: state.marks.server },
  ...{ next: state.next, draft: state.draft },
});

/** Long, because it lists all that a person can do with a review. */
export function createReviewStore(tools: ReviewTools, id: string): ReviewStore {
  const state = openState(tools, id);
  const own = computed(() => ownIn(state.review.value, state.unsent.value));
  const step = (given: StepSaying) =>
    tried(state, () => give(tools, state, { ...given, reviewId: id } as Saying<Step>));
  const at = () => {
    const { place, version } = own.peek()!;
    return { id: tools.newId(), place, version };
  };
  const settling = settlingOf(tools, state, id);
  const stopHearing = hearAnswers(tools, state, id);
  const stopFollowing = followReports(tools, state.marks.server, () => readMarks(tools, state, id));
  const { signing, ...signs } = createSigns(tools, state, (request) =>
    give(tools, state, { ...signatureOf(own.peek()!, { ...at(), ...request }), reviewId: id }),
  );
  const annotate = async (marks: Marks): Promise<void> => {
    const { place } = own.peek()!;
    signing.undo();
    state.callOff();
    state.callOff = tools.wait(SEND_AFTER_MS, () => void sendAll(tools, state, id));
    await keepMarks(tools, state.marks, { reviewId: id, place, marks });
  };
  const post = (to: string, body: object) =>
    tried(state, async () => {
      const path = `/reviews/${id}/${to}`;
      see(state, await tools.api.json(path, reviewSchema, { method: 'POST', body }));
      await readMarks(tools, state, id);
    });
  return {
    ...shownOf(state),
    ...{ own, otherMarks: othersOf(state.marks, own), elsewhere: marksElsewhere(state.marks) },
    signing: signing.left,
    load: () => tried(state, () => load(tools, state, id)),
    ...{ annotate, nextNumber: () => lastNumberOf(state.marks, state.place.peek()) + 1 },
    takeMarks: (from) => tried(state, () => takeMarks(tools, state, { reviewId: id, from }, annotate)),
    keepOwnMarks: () => tried(state, settling.keepOwn),
    takeOtherMarks: () => tried(state, settling.takeOthers),
    signAgain: () => tried(state, settling.signAgain),
    refresh: () => refresh(tools, state, id),
    keepDraft: (typed) => state.drafts.keep({ reviewId: id, ...own.peek()! }, typed),
    async decide(said) {
      const done = step({ step: 'decide', request: { ...at(), ...said } });
      await state.drafts.forget(id);
      await done;
    },
    ...{ sign: signs.sign, undoSign: signing.undo },
    signAnyway: () => signs.signAnyway(() => discardAll(tools, state, id)),
    assign: ({ place, version }, accountId) =>
      post('assign', { id: tools.newId(), place, version, accountId }).then(() => nameNotFree(state)),
    withdraw: () => post('withdraw', { id: tools.newId() }),
    sendAgain: () => tried(state, () => sendAll(tools, state, id)),
    discard: () => tried(state, () => discardAll(tools, state, id)),
    useKept: () => tried(state, () => takeUpKept(tools, state, { reviewId: id, ...own.peek()! })),
    close() {
      signing.undo();
      stopFollowing();
      stopHearing();
      state.callOff();
      // Marks drawn just before closing are still sent.
      if (waitingMarks(state.unsent.peek()).length > 0) void sendAll(tools, state, id);
      state.closed.abort();
    },
  };
}

/** Creates signatures. A signature names the marks that were visible when it was pressed. */
function createSigns(
  tools: ReviewTools,
  state: State,
  giveSigned: (request: Required<Pick<Sign, 'isMeant' | 'marksDigest'>>) => Promise<void>,
) {
  const signing = createSigning(tools.wait);
  const inSight = () => marksDigest(state.marks.own.peek() ?? []);
  const signNow = (isMeant: boolean, digest: Promise<string>) =>
    tried(state, async () => giveSigned({ isMeant, marksDigest: await digest }));
  return {
    signing,
    sign(isMeant: boolean): void {
      const digest = inSight();
      signing.begin(() => void signNow(isMeant, digest));
    },
    async signAnyway(discardRefused: () => Promise<void>): Promise<void> {
      const digest = inSight();
      await tried(state, discardRefused);
      await signNow(true, digest);
    },
  };
}

const settlingOf = (tools: ReviewTools, state: State, reviewId: string) =>
  settleMarks(tools, state.marks, {
    ...{ reviewId, reading: () => state.reading, send: () => sendAll(tools, state, reviewId) },
    read: () => readMarks(tools, state, reviewId),
  });

async function discardAll(tools: ReviewTools, state: State, reviewId: string): Promise<void> {
  const unsent = state.unsent.peek();
  await discard(tools, unsent);
  if (waitingMarks(unsent).length > 0) await readMarks(tools, state, reviewId);
}

async function refresh(tools: ReviewTools, state: State, reviewId: string): Promise<void> {
  const review = state.review.peek();
  if (review === null || isEnded(review.state) || state.place.peek() === null) return;
  await ignoreFailure(readMarks(tools, state, reviewId), 'it is read again soon');
}

const discard = ({ outbox }: ReviewTools, unsent: readonly Unsent[]): Promise<void> =>
  outbox.discard(unsent.map(({ inOutbox }) => inOutbox));

/** The signature step, with the answers that it signs. */
const signatureOf = ({ said }: ReviewPlace, request: Sign) =>
  ({ step: 'sign', request, said: said && answeredIn(said) }) as const;

type OfPlace = Pick<ReviewPlace, 'place' | 'version'> & { readonly reviewId: string };

async function takeUpKept(tools: ReviewTools, state: State, of: OfPlace): Promise<void> {
  const unsent = state.unsent.peek();
  const kept = keptIn(unsent);
  if (kept === null) return;
  await state.drafts.keep(of, kept.said);
  state.draft.value = kept.said;
  await discard(
    tools,
    unsent.filter(({ given }) => given.step !== 'annotate'),
  );
  await sendAll(tools, state, of.reviewId);
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
  const lastNumber = lastNumberOf(state.marks, state.place.peek());
  const { marks, copies } = withCopies(had, of, { earlier: state.copies, newId: tools.newId, lastNumber });
  state.copies = copies;
  if (marks.length !== had.length || marks.some((mark, at) => mark !== had[at])) await annotate(marks);
}

/** The only wrong request that the page can make here is to name an account that cannot have the place. */
function nameNotFree({ trouble }: State): void {
  const code = trouble.peek()?.code;
  if (code === 'invalid-request') trouble.value = { ...reviewWords.readers.notFree, kind: 'stop', code };
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

async function load(tools: ReviewTools, state: State, id: string): Promise<void> {
  const { signal: until } = state.closed;
  await tools.outbox.ready;
  const asked = tools.api.json(`/reviews/${id}`, reviewSchema, { signal: until });
  const review = await asked.catch(async (error: unknown) => {
    // Steps of a deleted review are refused and shown, so that their author can still discard them.
    await sendAll(tools, state, id);
    throw error;
  });
  const place = ownIn(review, state.unsent.peek());
  state.draft.value = place && (await state.drafts.read({ reviewId: id, ...place }));
  see(state, review);
  await sendAll(tools, state, id);
  await readMarks(tools, state, id);
  await look(tools, state, review.caseId);
  await findNext(tools, state);
}

const readMarks = (tools: ReviewTools, state: State, reviewId: string): Promise<void> =>
  loadMarks(tools, state.marks, { reviewId, signal: state.closed.signal });

/** Reads the case and the results of models in it, as far as the caller may see them now. */
async function look({ api }: ReviewTools, state: State, caseId: string): Promise<void> {
  const { signal: until } = state.closed;
  const of = await api.json(`/cases/${caseId}?anonymise=1`, caseSchema, { signal: until });
  state.of.value = of;
  await state.found.ask(() => readFound(api, of, until));
}

async function findNext({ api }: ReviewTools, state: State): Promise<void> {
  const { signal: until } = state.closed;
  const list = await api.json('/reviews?list=todo&limit=2', reviewListSchema, { signal: until });
  const shown = state.review.peek()?.id;
  state.next.value = list.reviews.find(({ id }) => id !== shown)?.id ?? null;
}

/** Gives a step to the outbox. A signature is not sent if the answers before it were not taken. */
async function give(tools: ReviewTools, state: State, given: Saying<Step>): Promise<void> {
  state.callOff();
  await tools.outbox.give(given);
  await state.reading;
  const kept = state.unsent.peek().find((one) => one.given.request.id === given.request.id);
  if (given.step !== 'sign' || (kept !== undefined && kept.trouble === null)) return;
  // A model may have found something meanwhile. After the signature, nothing is hidden any more.
  await look(tools, state, state.review.peek()!.caseId);
  if (kept !== undefined) return;
  // After the last signature the others' marks become visible.
  await readMarks(tools, state, given.reviewId);
  await findNext(tools, state);
}

async function sendAll({ outbox }: ReviewTools, state: State, reviewId: string): Promise<void> {
  state.callOff();
  await outbox.send(`/reviews/${reviewId}`);
  await state.reading;
}

/** Applies the gateway's answers to steps of this review, whichever tab sent them. */
function hearAnswers(tools: ReviewTools, state: State, id: string): () => void {
  const earlier = tools.outbox.answered.peek();
  return effect(() => {
    const answered = tools.outbox.answered.value;
    if (answered === null || answered === earlier || !isOf(answered.said, id)) return;
    untracked(() => hear(tools, state, answered));
  });
}

function hear(tools: ReviewTools, state: State, { said, review, annotations }: AnsweredStep): void {
  if (review) see(state, review);
  else if (annotations) seeMarks(state.marks, annotations);
  else if (said.step !== 'verdict') state.reading = readAgain(tools, state, said.reviewId);
}

/** Somebody else was faster: the page shows the current state beside what was refused. */
async function readAgain(tools: ReviewTools, state: State, id: string): Promise<void> {
  const { signal: until } = state.closed;
  const asked = tools.api.json(`/reviews/${id}`, reviewSchema, { signal: until });
  const review = await ignoreFailure(asked, 'the next visit reads it');
  if (review === undefined) return;
  see(state, review);
  await ignoreFailure(readMarks(tools, state, id), 'the next visit reads them');
}

/**
 * The only place where a review read from the gateway is stored. The caller's place in it decides which marks are the
 * caller's own. An answer older than the known review, such as a slow one, is ignored.
 */
function see(state: State, review: Review): void {
  const known = state.review.peek();
  const isOlder = review.places.some(({ place, version }) =>
    known?.places.some((one) => one.place === place && one.version > version),
  );
  if (isOlder) return;
  batch(() => {
    const before = state.place.peek();
    state.review.value = review;
    // The marks were read for another place, so own and others' marks are mixed up.
    if (state.place.peek() !== before) state.marks.server.value = null;
  });
}
