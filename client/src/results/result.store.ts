/**
 * One result: the finding, its pictures, and the radiologist's verdict, which is sent at once and can be changed
 * at any time. A verdict is possible only while the image is on the screen. While its reports are on their way the
 * result is asked for again. Pictures are freed with the page.
 */
import { computed, effect, signal, untracked, type ReadonlySignal, type Signal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { User } from '#shared/protocol/api.ts';
import {
  MAY_HOLD_NAME_HEADER,
  resultSchema,
  type ExplanationMethod,
  type Result,
} from '#shared/protocol/inference.ts';
import { problemOf, type ApiClient } from '../net/api-client.ts';
import type { NamedPicture } from '../viewer/hidden-pictures.ts';
import type { Clock } from '../pipeline/upload/clock.ts';
import { isUnderWay, waitBefore } from './await-reports.ts';
import type { VerifyRequest } from './finding-kinds.ts';
import { troubleOf, type Trouble } from './trouble.ts';
import type { Unsent, VerdictOutbox } from './verdict-outbox.ts';

export type Shown =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly trouble: Trouble }
  | { readonly kind: 'ready'; readonly result: Result };
/** `overtaken`: it was verified meanwhile; the result holds that verdict, and this one waits for its author. */
export type Verdict =
  | { readonly kind: 'none' }
  | { readonly kind: 'sending'; readonly request: VerifyRequest }
  | { readonly kind: 'unsent' | 'overtaken'; readonly unsent: Unsent };
/** Whether the image is on the screen, drawn by the browser. */
export type ImageState = 'loading' | 'shown' | 'missing';
/** The state of the page on which a verdict is asked for. */
export type Asking = {
  readonly changing: boolean;
  readonly image: ImageState;
  /** The page does not say yet whose study it is. */
  readonly isNameAwaited: boolean;
};

/** Whether this person is asked for a verdict. The gateway decides; this only spares a person a refusal. */
export function mayVerify(user: Pick<User, 'roles'> | null): boolean {
  return user?.roles.includes('radiologist') ?? false;
}

/**
 * One press does not overwrite a verdict: a person asks to change it first (`changing`). Nobody judges an image
 * that is not there, nor before the page says whose it is or that it cannot say so.
 */
export function canDecide(
  { verification }: Pick<Result, 'verification'>,
  { kind }: Verdict,
  { changing, image, isNameAwaited }: Asking,
): boolean {
  return image === 'shown' && !isNameAwaited && kind === 'none' && (verification === null || changing);
}

/** A blob's address; null while it is fetched; `missing` if that failed. */
export type Picture = string | null | 'missing';

export interface ResultStore {
  readonly id: string;
  readonly shown: ReadonlySignal<Shown>;
  readonly pictures: ReadonlySignal<ReadonlyMap<ExplanationMethod, Picture>>;
  /** The image, which may show a name until its header is known. */
  readonly named: ReadonlySignal<NamedPicture>;
  readonly image: ReadonlySignal<ImageState>;
  readonly verdict: ReadonlySignal<Verdict>;
  load(): Promise<void>;
  /** Fetches a picture that is not loaded, even if it was missing before. */
  want(method: ExplanationMethod): Promise<void>;
  /** The browser has drawn the image, or could not. */
  noteImage(isDrawn: boolean): void;
  /** Whether the page has yet to say whose study it is. */
  readonly isNameAwaited: ReadonlySignal<boolean>;
  /** Sends it at once. Does nothing without image and name, and while another one is on its way or was not sent. */
  decide(request: VerifyRequest): Promise<void>;
  /**
   * Sends what a form says that was opened on `result`. It replaces one that waits, which another tab may have kept
   * since then: the last one stands.
   */
  submit(request: VerifyRequest, result: Result): Promise<void>;
  /** Sends a verdict again that was not sent; one that was overtaken, over the verdict that is shown. */
  again(): Promise<void>;
  /** Forgets a verdict that was not sent. */
  discard(): Promise<void>;
  close(): void;
}

export interface ResultTools {
  readonly api: Pick<ApiClient, 'json' | 'send'>;
  readonly id: string;
  /** Tells the list. */
  readonly onResult: (result: Result) => void;
  /** Whether the name of the patient of this study is on its way. */
  readonly awaitsName: (result: Result) => boolean;
  readonly outbox: VerdictOutbox;
  readonly clock: Clock;
}

type State = {
  readonly shown: Signal<Shown>;
  readonly pictures: Signal<ReadonlyMap<ExplanationMethod, Picture>>;
  readonly mayHoldName: Signal<boolean>;
  readonly isDrawn: Signal<boolean>;
  readonly closed: AbortController;
};

export function createResultStore(tools: ResultTools): ResultStore {
  const state: State = {
    shown: signal<Shown>({ kind: 'loading' }),
    pictures: signal(new Map<ExplanationMethod, Picture>()),
    mayHoldName: signal(true),
    isDrawn: signal(false),
    closed: new AbortController(),
  };
  const { shown, pictures, isDrawn } = state;
  const verdict = computed(() => verdictOf(tools));
  const image = computed((): ImageState => {
    if (pictures.value.get('image') === 'missing') return 'missing';
    return isDrawn.value ? 'shown' : 'loading';
  });
  const isNameAwaited = computed(() => shown.value.kind === 'ready' && tools.awaitsName(shown.value.result));
  const stopFollowing = effect(() => follow(state, tools));
  const stopWatching = watch(state, tools);
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
      if (canDecide(seen.result, verdict.peek(), asking)) await give(tools, seen.result, request);
    },
    submit: (request, result) => give(tools, result, request),
    async again() {
      const now = verdict.peek();
      const seen = shown.peek();
      if (now.kind === 'unsent') await tools.outbox.again(now.unsent);
      else if (now.kind === 'overtaken' && seen.kind === 'ready')
        await give(tools, seen.result, now.unsent.request);
    },
    discard: () => tools.outbox.discard(tools.id),
    close() {
      stopFollowing();
      stopWatching();
      close(state);
    },
  };
}

function verdictOf(tools: ResultTools): Verdict {
  const { id, outbox } = tools;
  const sending = outbox.sending.value.get(id);
  if (sending) return { kind: 'sending', request: sending };
  const unsent = unsentOf(tools, outbox.unsent.value);
  return unsent ? { kind: unsent.isOvertaken ? 'overtaken' : 'unsent', unsent } : { kind: 'none' };
}

/** On the revision that its author sees. */
async function give({ id, outbox }: ResultTools, result: Result, request: VerifyRequest): Promise<void> {
  const { studyInstanceUID, kind } = result.finding.input;
  const input = { kind, ...(studyInstanceUID !== undefined && { studyInstanceUID }) };
  await outbox.give({ resultId: id, revision: result.revision, request, input });
}

/** Follows its verdict in the outbox, which may send it much later. */
function follow(state: State, tools: ResultTools): void {
  const saved = tools.outbox.saved.value;
  const isOvertaken = unsentOf(tools, tools.outbox.unsent.value)?.isOvertaken ?? false;
  untracked(() => {
    if (saved?.id === tools.id) take(state, tools, saved);
    if (isOvertaken && state.shown.peek().kind === 'ready') void load(state, tools);
  });
}

const unsentOf = ({ id }: ResultTools, unsent: readonly Unsent[]): Unsent | undefined =>
  unsent.find(({ resultId }) => resultId === id);

function take({ shown, closed }: State, { onResult }: Pick<ResultTools, 'onResult'>, result: Result): void {
  onResult(result);
  if (!closed.signal.aborted) shown.value = { kind: 'ready', result };
}

async function load(state: State, tools: ResultTools): Promise<void> {
  const { signal } = state.closed;
  try {
    take(state, tools, await tools.api.json(`/results/${tools.id}`, resultSchema, { signal }));
  } catch (error) {
    if (!signal.aborted) state.shown.value = { kind: 'failed', trouble: troubleOf(error) };
  }
}

/** Asks again while the shown result has reports under way; what the page shows stays until there is news. */
function watch(state: State, { api, id, clock, onResult }: ResultTools): () => void {
  const { shown } = state;
  const { signal } = state.closed;
  let isWatching = false;
  const waiting = (): Result | null => {
    const now = shown.value;
    return now.kind === 'ready' && isUnderWay(now.result) ? now.result : null;
  };
  const ask = async (known: Result): Promise<void> => {
    const result = await api.json(`/results/${id}`, resultSchema, { signal });
    // A verdict may have been given meanwhile.
    if (result.revision < known.revision || shown.peek().kind !== 'ready') return;
    if (JSON.stringify(result) !== JSON.stringify(known)) take(state, { onResult }, result);
  };
  async function look(): Promise<void> {
    isWatching = true;
    let revision = 0;
    for (let turn = 0, known = waiting(); known && !signal.aborted; turn += 1, known = waiting()) {
      if (known.revision !== revision) turn = 0;
      revision = known.revision;
      const aborted = await clock.sleep(waitBefore(turn), signal).then(
        () => false,
        () => true,
      );
      const latest = aborted ? null : waiting();
      if (latest) await ignoreFailure(ask(latest), 'it is asked again');
    }
    isWatching = false;
  }
  return effect(() => {
    if (waiting() && !isWatching) untracked(() => void look());
  });
}

function free(picture: Picture): void {
  if (picture !== null && picture !== 'missing') URL.revokeObjectURL(picture);
}

function put({ pictures, closed }: State, method: ExplanationMethod, picture: Picture): void {
  if (closed.signal.aborted) {
    free(picture);
    return;
  }
  free(pictures.peek().get(method) ?? null);
  pictures.value = new Map(pictures.peek()).set(method, picture);
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

function close({ pictures, closed }: State): void {
  closed.abort();
  for (const picture of pictures.peek().values()) free(picture);
  pictures.value = new Map();
}
