/**
 * One result: the finding, its pictures, and the radiologist's verdict, which is saved after a moment in which
 * it can be taken back. Leaving the page saves it at once: a decision is never lost. Pictures are freed with the
 * page.
 */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { resultSchema, type ExplanationMethod, type Result } from '#shared/protocol/inference.ts';
import { ApiProblem, problemOf, type ApiClient } from '../net/api-client.ts';
import type { Clock } from '../pipeline/upload/clock.ts';
import type { VerifyRequest } from './finding-kinds.ts';
import { troubleOf, type Trouble } from './trouble.ts';
import type { UnsentWords } from './unsent-words.ts';

export type Shown =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly trouble: Trouble }
  | { readonly kind: 'ready'; readonly result: Result };
/** `overtaken`: another person verified it meanwhile; the result holds their verdict now. */
export type Verdict =
  | { readonly kind: 'none' | 'overtaken' }
  | { readonly kind: 'pending' | 'sending'; readonly request: VerifyRequest; readonly secondsLeft: number }
  | { readonly kind: 'failed'; readonly request: VerifyRequest; readonly trouble: Trouble };
/** No verdict waits, is on its way or could not be saved. */
const isFree = ({ kind }: Verdict): boolean => kind === 'none' || kind === 'overtaken';

/** One press does not overwrite a verdict: a person asks to change it first (`changing`). */
export function canDecide(
  { verification }: Pick<Result, 'verification'>,
  verdict: Verdict,
  changing: boolean,
): boolean {
  return isFree(verdict) && (verification === null || changing);
}

/** A blob's address; null while it is fetched; `missing` if that failed. */
export type Picture = string | null | 'missing';

export interface ResultStore {
  readonly id: string;
  readonly shown: ReadonlySignal<Shown>;
  readonly pictures: ReadonlySignal<ReadonlyMap<ExplanationMethod, Picture>>;
  readonly verdict: ReadonlySignal<Verdict>;
  load(): Promise<void>;
  /** Fetches a picture that is not loaded, even if it was missing before. */
  want(method: ExplanationMethod): Promise<void>;
  /** Does nothing while another verdict waits, is on its way or could not be saved: take that one back first. */
  decide(request: VerifyRequest): void;
  takeBack(): void;
  /** Saves without waiting; after `failed`, tries again. */
  keepNow(): Promise<void>;
  /** Saves a waiting verdict at once; the page may come back as it was. */
  leave(): void;
  /** Saves a verdict that waits or could not be saved. Resolves to whether nothing is left. */
  settle(): Promise<boolean>;
  /** Resolves when no request is on its way any more. */
  close(): Promise<void>;
}

export interface ResultTools {
  readonly api: Pick<ApiClient, 'json' | 'send'>;
  readonly clock: Clock;
  readonly id: string;
  /** Tells the list. */
  readonly onResult: (result: Result) => void;
  readonly unsent: UnsentWords;
}

/** Long enough to read what was pressed, and to reach the button. */
export const TAKE_BACK_SECONDS = 8;
const SECOND_MS = 1_000;

type State = {
  readonly shown: Signal<Shown>;
  readonly pictures: Signal<ReadonlyMap<ExplanationMethod, Picture>>;
  readonly verdict: Signal<Verdict>;
  readonly closed: AbortController;
  /** The result as it was when the verdict was given. */
  looked: Result | null;
  /** Ends the moment in which the verdict can be taken back. */
  waiting: AbortController | null;
  /** The verdict on its way. */
  underWay: Promise<void>;
};

export function createResultStore(tools: ResultTools): ResultStore {
  const state = createState(tools);
  const { shown, pictures, verdict } = state;
  return {
    id: tools.id,
    shown,
    verdict,
    pictures: computed(() => pictures.value),
    load: () => load(state, tools),
    want: (method) => want(state, tools, method),
    decide: (request) => decide(state, tools, request),
    takeBack() {
      if (verdict.peek().kind === 'sending') return;
      stopWaiting(state);
      verdict.value = { kind: 'none' };
    },
    keepNow: () => keepNow(state, tools),
    leave: () => leave(state, tools),
    async settle() {
      await (verdict.peek().kind === 'sending' ? state.underWay : keepNow(state, tools));
      return isFree(verdict.peek());
    },
    close: () => close(state, tools),
  };
}

function createState({ id, unsent }: ResultTools): State {
  const before = unsent.take(id);
  return {
    shown: signal<Shown>({ kind: 'loading' }),
    pictures: signal(new Map<ExplanationMethod, Picture>()),
    verdict: signal<Verdict>(
      before ? { kind: 'failed', request: before.request, trouble: before.trouble } : { kind: 'none' },
    ),
    closed: new AbortController(),
    looked: before?.result ?? null,
    waiting: null,
    underWay: Promise.resolve(),
  };
}

function take({ shown }: State, { onResult }: ResultTools, result: Result): void {
  shown.value = { kind: 'ready', result };
  onResult(result);
}

async function load(state: State, tools: ResultTools): Promise<void> {
  const { signal } = state.closed;
  try {
    take(state, tools, await tools.api.json(`/results/${tools.id}`, resultSchema, { signal }));
  } catch (error) {
    if (!signal.aborted) state.shown.value = { kind: 'failed', trouble: troubleOf(error) };
  }
}

function free(picture: Picture): void {
  if (picture !== null && picture !== 'missing') URL.revokeObjectURL(picture);
}

function put({ pictures, closed }: State, method: ExplanationMethod, picture: Picture): void {
  if (closed.signal.aborted) free(picture);
  else pictures.value = new Map(pictures.peek()).set(method, picture);
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
    put(state, method, URL.createObjectURL(await response.blob()));
  } catch {
    put(state, method, 'missing');
  }
}

type Sent = { readonly request: VerifyRequest; readonly keepalive?: boolean };

function keep(state: State, tools: ResultTools, sent: Sent): Promise<void> {
  state.underWay = send(state, tools, sent);
  return state.underWay;
}

async function send(state: State, tools: ResultTools, { request, ...init }: Sent): Promise<void> {
  const { verdict, looked } = state;
  verdict.value = { kind: 'sending', request, secondsLeft: 0 };
  try {
    // The viewed revision: if another person was faster, there is a newer one by now.
    const revision = looked ? { 'if-match': `"${looked.revision}"` } : {};
    const response = await tools.api.send(`/results/${tools.id}/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...revision },
      body: JSON.stringify(request),
      ...init,
    });
    if (!response.ok) throw await problemOf(response);
    take(state, tools, resultSchema.parse(await response.json()));
    verdict.value = { kind: 'none' };
  } catch (error) {
    await notKept(state, tools, { request, error });
  }
}

type NotKept = { readonly request: VerifyRequest; readonly error: unknown };

async function notKept(state: State, tools: ResultTools, { request, error }: NotKept): Promise<void> {
  const { verdict, closed, looked } = state;
  if (closed.signal.aborted) {
    // The page is gone: the list says so.
    if (looked) tools.unsent.hold({ result: looked, request, trouble: troubleOf(error) });
  } else if (error instanceof ApiProblem && error.status === 409) {
    await load(state, tools);
    verdict.value = { kind: 'overtaken' };
  } else {
    verdict.value = { kind: 'failed', request, trouble: troubleOf(error) };
  }
}

function decide(state: State, tools: ResultTools, request: VerifyRequest): void {
  if (!isFree(state.verdict.peek())) return;
  const seen = state.shown.peek();
  state.looked = seen.kind === 'ready' ? seen.result : null;
  state.waiting = new AbortController();
  void ignoreFailure(
    countDown(state, tools, { request, signal: state.waiting.signal }),
    'it is aborted when the verdict is taken back or saved at once',
  );
}

type Waiting = { readonly request: VerifyRequest; readonly signal: AbortSignal };

async function countDown(state: State, tools: ResultTools, { request, signal }: Waiting): Promise<void> {
  for (let secondsLeft = TAKE_BACK_SECONDS; secondsLeft > 0; secondsLeft -= 1) {
    state.verdict.value = { kind: 'pending', request, secondsLeft };
    await tools.clock.sleep(SECOND_MS, signal);
  }
  state.waiting = null;
  await keep(state, tools, { request });
}

function stopWaiting(state: State): void {
  state.waiting?.abort();
  state.waiting = null;
}

function leave(state: State, tools: ResultTools): void {
  const now = state.verdict.peek();
  stopWaiting(state);
  // Also when the window is closed: the browser finishes the request.
  if (now.kind === 'pending') void keep(state, tools, { request: now.request, keepalive: true });
}

async function keepNow(state: State, tools: ResultTools): Promise<void> {
  const now = state.verdict.peek();
  if (now.kind !== 'pending' && now.kind !== 'failed') return;
  stopWaiting(state);
  await keep(state, tools, { request: now.request });
}

function close(state: State, tools: ResultTools): Promise<void> {
  const { verdict, pictures, closed, looked } = state;
  const now = verdict.peek();
  if (now.kind === 'failed' && looked)
    tools.unsent.hold({ result: looked, request: now.request, trouble: now.trouble });
  leave(state, tools);
  closed.abort();
  for (const picture of pictures.peek().values()) free(picture);
  pictures.value = new Map();
  return state.underWay;
}
