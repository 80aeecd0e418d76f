/**
 * One result: what was found, its pictures, and the radiologist's word, which is kept after a moment in which
 * it can be taken back. Leaving the page keeps it at once: a decision that was made is not lost. Pictures are
 * freed with the page.
 */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { resultSchema, type ExplanationMethod, type Result } from '#shared/protocol/inference.ts';
import { ApiProblem, problemOf, type ApiClient } from '../net/api-client.ts';
import type { Clock } from '../pipeline/upload/clock.ts';
import type { VerifyRequest } from './describe-result.ts';
import { troubleOf, type Trouble } from './trouble.ts';
import type { UnsentWords } from './unsent-words.ts';

export type Shown =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly trouble: Trouble }
  | { readonly kind: 'ready'; readonly result: Result };
/** `overtaken`: somebody verified it meanwhile; their word is in the result now. */
export type Verdict =
  | { readonly kind: 'none' | 'overtaken' }
  | { readonly kind: 'pending' | 'sending'; readonly request: VerifyRequest; readonly secondsLeft: number }
  | { readonly kind: 'failed'; readonly request: VerifyRequest; readonly trouble: Trouble };
/** No word waits, is on its way or could not be kept. */
const isFree = ({ kind }: Verdict): boolean => kind === 'none' || kind === 'overtaken';

/** What somebody said is not overwritten by one press: a person asks for it first (`changing`). */
export function canDecide(
  { verification }: Pick<Result, 'verification'>,
  verdict: Verdict,
  changing: boolean,
): boolean {
  return isFree(verdict) && (verification === null || changing);
}

/** A blob's address; null while it is fetched; `missing` where it could not be. */
export type Picture = string | null | 'missing';

export interface ResultStore {
  readonly id: string;
  readonly shown: ReadonlySignal<Shown>;
  readonly pictures: ReadonlySignal<ReadonlyMap<ExplanationMethod, Picture>>;
  readonly verdict: ReadonlySignal<Verdict>;
  load(): Promise<void>;
  /** Fetches a picture that is not there; once more where it is missing. */
  want(method: ExplanationMethod): Promise<void>;
  /** Nothing while another word waits, is on its way or could not be kept: that one is taken back first. */
  decide(request: VerifyRequest): void;
  takeBack(): void;
  /** Without waiting; after `failed` once more. */
  keepNow(): Promise<void>;
  /** Keeps at once what waits; the page may come back, as it was. */
  leave(): void;
  /** The same, and what could not be kept once more: whether nothing is left to be said. */
  settle(): Promise<boolean>;
  /** Resolves when what is under way has ended. */
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

export function createResultStore({ api, clock, id, onResult, unsent }: ResultTools): ResultStore {
  const shown = signal<Shown>({ kind: 'loading' });
  const pictures = signal<ReadonlyMap<ExplanationMethod, Picture>>(new Map());
  const before = unsent.take(id);
  const verdict = signal<Verdict>(
    before ? { kind: 'failed', request: before.request, trouble: before.trouble } : { kind: 'none' },
  );
  /** What was looked at when the word was said. */
  let looked: Result | null = before?.result ?? null;
  const closed = new AbortController();
  let waiting: AbortController | null = null;
  let underWay: Promise<void> = Promise.resolve();

  function take(result: Result): void {
    shown.value = { kind: 'ready', result };
    onResult(result);
  }

  async function load(): Promise<void> {
    try {
      take(await api.json(`/results/${id}`, resultSchema, { signal: closed.signal }));
    } catch (error) {
      if (!closed.signal.aborted) shown.value = { kind: 'failed', trouble: troubleOf(error) };
    }
  }

  function put(method: ExplanationMethod, picture: Picture): void {
    if (closed.signal.aborted)
      return void (picture !== null && picture !== 'missing' && URL.revokeObjectURL(picture));
    pictures.value = new Map(pictures.peek()).set(method, picture);
  }

  async function want(method: ExplanationMethod): Promise<void> {
    const known = pictures.peek().get(method);
    if (known !== undefined && known !== 'missing') return;
    put(method, null);
    try {
      const response = await api.send(`/results/${id}/explanations/${method}`, {
        headers: { accept: 'image/png' },
        signal: closed.signal,
      });
      if (!response.ok) throw await problemOf(response);
      put(method, URL.createObjectURL(await response.blob()));
    } catch {
      put(method, 'missing');
    }
  }

  function keep(request: VerifyRequest, init: { keepalive?: boolean } = {}): Promise<void> {
    return (underWay = send(request, init));
  }

  async function send(request: VerifyRequest, init: { keepalive?: boolean }): Promise<void> {
    verdict.value = { kind: 'sending', request, secondsLeft: 0 };
    try {
      // What was looked at: where somebody was faster, it is another revision by now.
      const revision = looked ? { 'if-match': `"${looked.revision}"` } : {};
      const headers = { 'content-type': 'application/json', accept: 'application/json', ...revision };
      const response = await api.send(`/results/${id}/verify`, {
        method: 'POST',
        headers,
        body: JSON.stringify(request),
        ...init,
      });
      if (!response.ok) throw await problemOf(response);
      take(resultSchema.parse(await response.json()));
      verdict.value = { kind: 'none' };
    } catch (error) {
      if (closed.signal.aborted) {
        // Nobody looks any more: it is said where they went.
        if (looked) unsent.hold({ result: looked, request, trouble: troubleOf(error) });
      } else if (error instanceof ApiProblem && error.status === 409) {
        await load();
        verdict.value = { kind: 'overtaken' };
      } else {
        verdict.value = { kind: 'failed', request, trouble: troubleOf(error) };
      }
    }
  }

  async function countDown(request: VerifyRequest, signal: AbortSignal): Promise<void> {
    for (let secondsLeft = TAKE_BACK_SECONDS; secondsLeft > 0; secondsLeft -= 1) {
      verdict.value = { kind: 'pending', request, secondsLeft };
      await clock.sleep(SECOND_MS, signal);
    }
    waiting = null;
    await keep(request);
  }

  function stopWaiting(): void {
    waiting?.abort();
    waiting = null;
  }

  function leave(): void {
    const now = verdict.peek();
    stopWaiting();
    // Also where the window is closed: the browser carries it out.
    if (now.kind === 'pending') void keep(now.request, { keepalive: true });
  }

  async function keepNow(): Promise<void> {
    const now = verdict.peek();
    if (now.kind !== 'pending' && now.kind !== 'failed') return;
    stopWaiting();
    await keep(now.request);
  }

  return {
    id,
    shown,
    verdict,
    load,
    want,
    keepNow,
    pictures: computed(() => pictures.value),
    decide(request) {
      if (!isFree(verdict.peek())) return;
      const seen = shown.peek();
      looked = seen.kind === 'ready' ? seen.result : null;
      waiting = new AbortController();
      countDown(request, waiting.signal).catch(() => undefined);
    },
    takeBack() {
      if (verdict.peek().kind === 'sending') return;
      stopWaiting();
      verdict.value = { kind: 'none' };
    },
    leave,
    async settle() {
      await (verdict.peek().kind === 'sending' ? underWay : keepNow());
      return isFree(verdict.peek());
    },
    close() {
      const now = verdict.peek();
      if (now.kind === 'failed' && looked)
        unsent.hold({ result: looked, request: now.request, trouble: now.trouble });
      leave();
      closed.abort();
      for (const picture of pictures.peek().values())
        if (picture !== null && picture !== 'missing') URL.revokeObjectURL(picture);
      pictures.value = new Map();
      return underWay;
    },
  };
}
