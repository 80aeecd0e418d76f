/**
 * One result: the finding, its pictures, and the radiologist's verdict, which is sent at once and can be changed at any
 * time. A verdict can be given only while the image is on the screen. The result and its pictures are kept when the
 * page is left (kept-results.ts).
 */
import { computed, effect, signal, untracked, type ReadonlySignal, type Signal } from '@preact/signals';
import type { User } from '#shared/protocol/api.ts';
import {
  MAY_HOLD_NAME_HEADER,
  resultSchema,
  type ExplanationMethod,
  type Result,
} from '#shared/protocol/inference.ts';
import { isAgainst } from '#shared/protocol/verdict-judgement.ts';
import { troubleOf } from '../../net/trouble-of.ts';
import type { Trouble } from '../../kit/trouble.ts';
import { ApiProblem, problemOf, type ApiClient } from '../../net/api-client.ts';
import { isOverruled, isOvertaken, type Outbox, type Unsent } from '../../outbox/outbox.ts';
import { subjectOf, type Verdict as GivenVerdict } from '../../outbox/statements.ts';
import type { NamedPicture } from '../../viewer/hidden-pictures.ts';
import type { Clock } from '../../net/clock.ts';
import type { VerifyRequest } from './finding-kinds.ts';
import { followResult } from './follow-result.ts';
import {
  freePictures,
  type KeptResult,
  type KeptResults,
  type Picture,
  type Pictures,
} from './kept-results.ts';

/** A verdict that was tried and is not being sent at the moment. */
export type UnsentVerdict = Unsent<GivenVerdict> & { readonly trouble: Trouble };
export const isUnsentVerdict = (unsent: Unsent): unsent is UnsentVerdict =>
  unsent.said.step === 'verdict' && unsent.trouble !== null && !unsent.isSending;

type Shown =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly trouble: Trouble }
  | { readonly kind: 'ready'; readonly result: Result };
/**
 * `overtaken`: another reader verified the result meanwhile. The result holds that verdict, and this one waits for its
 * author.
 */
export type Verdict =
  | { readonly kind: 'none' }
  | { readonly kind: 'sending'; readonly request: VerifyRequest }
  | { readonly kind: 'unsent' | 'overtaken'; readonly unsent: UnsentVerdict };
/** Whether the image is on the screen, drawn by the browser. */
type ImageState = 'loading' | 'shown' | 'missing';
/** The state of the page on which a verdict is asked for. */
type Asking = {
  readonly changing: boolean;
  readonly image: ImageState;
  /** The page does not show yet whose study it is. */
  readonly isNameAwaited: boolean;
};

/** Whether this person is asked for a verdict. The gateway decides; this only avoids a refusal. */
export function mayVerify(user: Pick<User, 'roles'> | null): boolean {
  return user?.roles.includes('radiologist') ?? false;
}

/**
 * One press never overwrites a verdict, sent or not: the person must first ask to change it (`changing`). A verdict
 * also needs the image, and needs the page to have said whose it is or that it cannot say so.
 */
export function canDecide(
  { verification }: Pick<Result, 'verification'>,
  { kind }: Verdict,
  { changing, image, isNameAwaited }: Asking,
): boolean {
  const isFree = kind === 'none' && verification === null;
  const isChanged = changing && (kind === 'none' || kind === 'unsent');
  return image === 'shown' && !isNameAwaited && (isFree || isChanged);
}

export interface ResultStore {
  readonly id: string;
  readonly shown: ReadonlySignal<Shown>;
  readonly pictures: ReadonlySignal<Pictures>;
  /** The image. Until its header is known, it may show a name. */
  readonly named: ReadonlySignal<NamedPicture>;
  readonly image: ReadonlySignal<ImageState>;
  readonly verdict: ReadonlySignal<Verdict>;
  load(): Promise<void>;
  /** Loads a picture that is not loaded, even if it was missing before. */
  want(method: ExplanationMethod): Promise<void>;
  /** Notes whether the browser has drawn the image or failed to. */
  noteImage(isDrawn: boolean): void;
  /** Whether the page still has to show whose study it is. */
  readonly isNameAwaited: ReadonlySignal<boolean>;
  /**
   * Sends a verdict at once, in place of one that was not sent. Does nothing without image and name, or while another
   * verdict is being sent or was overtaken.
   */
  decide(request: VerifyRequest): Promise<void>;
  /**
   * Sends the verdict of a form that was opened on `result`. It replaces a waiting verdict, even one that another tab
   * has stored since: the last one wins.
   */
  submit(request: VerifyRequest, result: Result): Promise<void>;
  /** Sends an unsent verdict again. An overtaken verdict is sent over the one that is shown. */
  again(): Promise<void>;
  /** Forgets a verdict that was not sent. */
  discard(): Promise<void>;
  close(): void;
}

export interface ResultTools {
  readonly api: Pick<ApiClient, 'json' | 'send'>;
  readonly id: string;
  /** Informs the list. */
  readonly onResult: (result: Result) => void;
  /** Whether the patient's name for this study is still being requested. */
  readonly awaitsName: (result: Result) => boolean;
  readonly outbox: Pick<Outbox, 'statements' | 'answered' | 'give' | 'send' | 'discard'>;
  readonly clock: Clock;
  /** Results that were opened before. The page shows such a result at once, even without a link to the gateway. */
  readonly kept: KeptResults;
}

type State = {
  readonly shown: Signal<Shown>;
  readonly pictures: Signal<Pictures>;
  readonly mayHoldName: Signal<boolean>;
  readonly isDrawn: Signal<boolean>;
  readonly closed: AbortController;
};

export function createResultStore(tools: ResultTools): ResultStore {
  const state = createState(tools.kept.take(tools.id));
  const { shown, pictures, isDrawn, closed } = state;
  const verdict = computed(() => verdictOf(tools));
  const image = computed((): ImageState => {
    if (pictures.value.get('image') === 'missing') return 'missing';
    return isDrawn.value ? 'shown' : 'loading';
  });
  const isNameAwaited = computed(() => shown.value.kind === 'ready' && tools.awaitsName(shown.value.result));
  const stopFollowing = effect(() => follow(state, tools));
  const stopWatching = followResult({
    ...tools,
    result: computed(() => (shown.value.kind === 'ready' ? shown.value.result : null)),
    signal: closed.signal,
    onNews: (result) => take(state, tools, result),
  });
  return {
    id: tools.id,
    shown,
    verdict,
    image,
    isNameAwaited,
    pictures: computed(() => pictures.value),
    named: computed(() => {
      const seen = shown.value;
      const uid = seen.kind === 'ready' ? seen.result.finding.input.sopInstanceUID : undefined;
      return { of: uid ?? tools.id, mayHoldName: state.mayHoldName.value };
    }),
    load: () => load(state, tools),
    want: (method) => want(state, tools, method),
    noteImage(drawn) {
      isDrawn.value = drawn;
      if (!drawn) put(state, 'image', 'missing');
    },
    async decide(request) {
      const seen = shown.peek();
      if (seen.kind !== 'ready') return;
      const asking = { changing: true, image: image.peek(), isNameAwaited: isNameAwaited.peek() };
      const { finding, review = null } = seen.result;
      if (canDecide(seen.result, verdict.peek(), asking) && !isAgainst(request, finding, review))
        await give(tools, seen.result, request);
    },
    submit: (request, result) => give(tools, result, request),
    async again() {
      const now = verdict.peek();
      const seen = shown.peek();
      if (now.kind === 'unsent') await tools.outbox.send(subjectOf(now.unsent.said));
      else if (now.kind === 'overtaken' && seen.kind === 'ready')
        await give(tools, seen.result, now.unsent.said.request);
    },
    discard: () => tools.outbox.discard(givenIn(tools)),
    close() {
      stopFollowing();
      stopWatching();
      close(state, tools);
    },
  };
}

function createState(kept: KeptResult | null): State {
  return {
    shown: signal<Shown>(kept ? { kind: 'ready', result: kept.result } : { kind: 'loading' }),
    pictures: signal<Pictures>(kept?.pictures ?? new Map()),
    mayHoldName: signal(kept?.mayHoldName ?? true),
    isDrawn: signal(false),
    closed: new AbortController(),
  };
}

const givenIn = ({ id, outbox }: ResultTools): Unsent[] =>
  outbox.statements.value.filter(({ said }) => said.step === 'verdict' && said.resultId === id);

function verdictOf(tools: ResultTools): Verdict {
  const [given] = givenIn(tools);
  if (given?.said.step !== 'verdict') return { kind: 'none' };
  if (!isUnsentVerdict(given)) return { kind: 'sending', request: given.said.request };
  return { kind: isOvertaken(given.trouble) ? 'overtaken' : 'unsent', unsent: given };
}

/** Gives the verdict on the revision that its author sees. */
async function give({ id, outbox }: ResultTools, result: Result, request: VerifyRequest): Promise<void> {
  const { studyInstanceUID, kind } = result.finding.input;
  const input = { kind, ...(studyInstanceUID !== undefined && { studyInstanceUID }) };
  await outbox.give({ step: 'verdict', resultId: id, revision: result.revision, request, input });
}

/** Follows the verdict of this result in the outbox, which may send it much later. */
function follow(state: State, tools: ResultTools): void {
  const saved = tools.outbox.answered.value?.result;
  const verdict = verdictOf(tools);
  const trouble = 'unsent' in verdict ? verdict.unsent.trouble : null;
  untracked(() => {
    if (saved?.id === tools.id) take(state, tools, saved);
    // The page then also shows what was said meanwhile.
    if ((isOvertaken(trouble) || isOverruled(trouble)) && state.shown.peek().kind === 'ready')
      void load(state, tools);
  });
}

/** Ignores an answer older than what is shown, because a verdict can be saved while a result is being read. */
function take({ shown, closed }: State, { onResult }: Pick<ResultTools, 'onResult'>, result: Result): void {
  const seen = shown.peek();
  if (seen.kind === 'ready' && result.revision < seen.result.revision) return;
  onResult(result);
  if (!closed.signal.aborted) shown.value = { kind: 'ready', result };
}

const REFUSED: readonly number[] = [403, 404, 410];

async function load(state: State, tools: ResultTools): Promise<void> {
  const { signal } = state.closed;
  try {
    take(state, tools, await tools.api.json(`/results/${tools.id}`, resultSchema, { signal }));
  } catch (error) {
    // A shown result stays until the gateway says that it is gone.
    const isRefused = error instanceof ApiProblem && REFUSED.includes(error.status);
    if (signal.aborted || (state.shown.peek().kind === 'ready' && !isRefused)) return;
    state.shown.value = { kind: 'failed', trouble: troubleOf(error) };
  }
}

function put({ pictures, closed }: State, method: ExplanationMethod, picture: Picture): void {
  const isLeft = closed.signal.aborted;
  freePictures(new Map([[method, isLeft ? picture : (pictures.peek().get(method) ?? null)]]));
  if (!isLeft) pictures.value = new Map(pictures.peek()).set(method, picture);
}

async function want(state: State, { api, id }: ResultTools, method: ExplanationMethod): Promise<void> {
  const known = state.pictures.peek().get(method);
  if (known !== undefined && known !== 'missing') return;
  put(state, method, null);
  try {
    const response = await api.send(`/results/${id}/explanations/${method}`, {
      headers: { accept: 'image/png' },
      signal: state.closed.signal,
    });
    if (!response.ok) throw await problemOf(response);
    const picture = await response.blob();
    if (method === 'image') state.mayHoldName.value = response.headers.get(MAY_HOLD_NAME_HEADER) !== 'false';
    put(state, method, URL.createObjectURL(picture));
  } catch {
    put(state, method, 'missing');
  }
}

/** A picture that is still being fetched is not kept. */
function close({ pictures, closed, shown, mayHoldName }: State, { id, kept }: ResultTools): void {
  closed.abort();
  const seen = shown.peek();
  const there = new Map([...pictures.peek()].filter(([, picture]) => picture !== null));
  if (seen.kind === 'ready')
    kept.keep(id, { result: seen.result, pictures: there, mayHoldName: mayHoldName.peek() });
  else freePictures(there);
  pictures.value = new Map();
}
