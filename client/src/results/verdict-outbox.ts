/**
 * The way of a verdict to the gateway. It is kept on the device, encrypted, before its first byte leaves, and
 * forgotten once the gateway has it: a cut link or a closed page loses none. One that could not be sent is shown as
 * not sent, and is sent when the link is back; one that the gateway refuses waits for its author. All tabs follow the
 * one entry that the device keeps for a result: the last one written stands, and one tab at a time sends it.
 */
import { batch, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { z } from 'zod';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { findingSchema, resultSchema, verifyRequestSchema, type Result } from '#shared/protocol/inference.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import type { ReadUnsent } from '../pipeline/queue/rows/follow-unsent.ts';
import { ApiProblem, problemOf, type ApiClient } from '../net/api-client.ts';
import type { Clock } from '../net/clock.ts';
import type { VerifyRequest } from './finding-kinds.ts';

/** A verdict as it was given, on the revision that its author looked at. */
const givenSchema = z.object({
  resultId: z.uuid(),
  revision: z.number().int(),
  request: verifyRequestSchema,
  input: findingSchema.shape.input.pick({ studyInstanceUID: true, kind: true }),
});
export type Given = z.infer<typeof givenSchema>;

export interface Unsent extends Given {
  readonly trouble: Trouble;
  /** Another person verified the result meanwhile: theirs holds until this author decides. */
  readonly isOvertaken: boolean;
  /** The link is at fault, not the verdict: it is sent again without its author. */
  readonly isRetried: boolean;
}
export interface VerdictOutbox {
  readonly unsent: ReadonlySignal<readonly Unsent[]>;
  /** The verdicts on their way, by result; also those in `unsent`, while they are tried again without their author. */
  readonly sending: ReadonlySignal<ReadonlyMap<string, VerifyRequest>>;
  /** The result whose verdict was saved last, or was sent or discarded in another tab. */
  readonly saved: ReadonlySignal<Result | null>;
  /** Keeps it, then sends it. Replaces an unsent one on the same result. */
  give(given: Given): Promise<void>;
  /** Sends the one that is kept for this result. */
  again(unsent: Unsent): Promise<void>;
  /** Forgets it; one on its way once that attempt has failed. One that another tab gave since then stays. */
  discard(resultId: string): Promise<void>;
  /** Sends those that wait for the link. */
  retry(): Promise<void>;
  /** Tries all of them; resolves to whether nothing is left. */
  settle(): Promise<boolean>;
}

/** The device's own place for verdicts (rows/unsent.ts), for one account and all its tabs. */
export interface VerdictRows {
  keep(resultId: string, given: Given): Promise<void>;
  kept(): Promise<readonly unknown[]>;
  /** The one that is kept at this moment. */
  read(resultId: string): Promise<ReadUnsent | null>;
  /** Calls at once, and whenever any tab keeps or forgets one. */
  watch(onChange: () => void): void;
  /** Runs while no other tab sends or discards the verdict on this result. */
  alone(resultId: string, run: () => Promise<void>): Promise<void>;
}

export interface OutboxTools {
  readonly api: Pick<ApiClient, 'json' | 'send'>;
  readonly clock: Clock;
  readonly rows: VerdictRows;
  /** The user's id. */
  readonly account: string;
  /** Whether this person is still signed in: nobody else's right sends a verdict of theirs. */
  readonly isHere: () => boolean;
}

/** The link is usually back within this time of saying so, and a person notices a delay above it. */
const RETRY_MS = 10_000;

type State = {
  readonly unsent: Signal<readonly Unsent[]>;
  readonly sending: Signal<ReadonlyMap<string, VerifyRequest>>;
  /** Everything on its way, to wait for. */
  readonly underWay: Set<Promise<void>>;
  readonly saved: Signal<Result | null>;
  /** Results whose verdict this window alone has: the device could not keep it. */
  readonly loose: Set<string>;
  /** Another tab may have written one while this one was sending. */
  isMissed: boolean;
  isWaiting: boolean;
};

/** A verdict in the moment of sending. */
type Entry = { readonly given: Given; readonly forget: () => Promise<void> };

/** Reads what was kept before, and sends it. */
export function createVerdictOutbox(tools: OutboxTools): VerdictOutbox {
  const state: State = {
    unsent: signal([]),
    sending: signal(new Map()),
    underWay: new Set(),
    saved: signal(null),
    loose: new Set(),
    isMissed: false,
    isWaiting: false,
  };
  tools.rows.watch(() => void follow(state, tools));
  return {
    unsent: state.unsent,
    sending: state.sending,
    saved: state.saved,
    async give(given) {
      const outcome = give(state, tools, given);
      state.underWay.add(outcome);
      return outcome.finally(() => state.underWay.delete(outcome));
    },
    again: (unsent) => send(state, tools, unsent),
    discard: (resultId) => discard(state, tools, resultId),
    async retry() {
      const before = state.unsent.peek();
      await follow(state, tools);
      await sendAgain(state, tools, (unsent) => unsent.isRetried && before.includes(unsent));
    },
    async settle() {
      await Promise.allSettled(state.underWay);
      await sendAgain(state, tools, ({ isOvertaken }) => !isOvertaken);
      return state.unsent.peek().length === 0 && state.sending.peek().size === 0;
    },
  };
}

const unsentOf = ({ unsent }: State, resultId: string): Unsent | undefined =>
  unsent.peek().find((each) => each.resultId === resultId);

/** The schema gives both the same order. */
const isSame = (one: Given, other: Given): boolean =>
  JSON.stringify(givenSchema.parse(one)) === JSON.stringify(givenSchema.parse(other));

function drop({ unsent }: State, resultId: string): void {
  unsent.value = unsent.peek().filter((each) => each.resultId !== resultId);
}

/** Resolves when nothing is on its way for this result. */
function untilTried({ sending }: State, resultId: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = effect(() => {
    if (!sending.value.has(resultId)) resolve();
  });
  return promise.finally(stop);
}

/** Two can be on their way for one result: the later one is shown. */
function setSending({ sending }: State, resultId: string, request: VerifyRequest | null): void {
  const all = new Map(sending.peek());
  if (request) all.set(resultId, request);
  else all.delete(resultId);
  sending.value = all;
}

/**
 * Takes in what an earlier window or another tab has kept, sent or discarded: sends what is not known here, and looks
 * what became of what is no longer kept.
 */
async function follow(state: State, tools: OutboxTools): Promise<void> {
  const rows = await ignoreFailure(tools.rows.kept(), 'without a database there is nothing kept');
  if (!rows || !tools.isHere()) return;
  const kept = rows.flatMap((row) => givenSchema.safeParse(row).data ?? []);
  const sending = state.sending.peek();
  if (kept.some(({ resultId }) => sending.has(resultId))) state.isMissed = true;
  const isKept = (resultId: string) => kept.some((each) => each.resultId === resultId);
  const gone = state.unsent.peek().filter(({ resultId }) => !state.loose.has(resultId) && !isKept(resultId));
  const news = kept.filter((given) => {
    const known = unsentOf(state, given.resultId);
    return !sending.has(given.resultId) && !(known && isSame(known, given));
  });
  // Nobody answers a result again whose verdict waits for its turn.
  for (const { resultId, request } of news) setSending(state, resultId, request);
  for (const given of [...gone, ...news]) await send(state, tools, given);
}

/** The verdict is on its way, and no longer waits. */
function begin(state: State, { resultId, request }: Given): void {
  batch(() => {
    drop(state, resultId);
    setSending(state, resultId, request);
  });
}

async function give(state: State, tools: OutboxTools, given: Given): Promise<void> {
  begin(state, given);
  // Where the device keeps nothing (a private window), sending is all that can be done.
  const isKept = await tools.rows.keep(given.resultId, given).then(
    () => true,
    () => false,
  );
  state.loose[isKept ? 'delete' : 'add'](given.resultId);
  await send(state, tools, given);
}

async function discard(state: State, tools: OutboxTools, resultId: string): Promise<void> {
  await untilTried(state, resultId);
  await tools.rows.alone(resultId, async () => {
    const shown = unsentOf(state, resultId);
    if (!shown) return;
    const entry = await entryOf(state, tools, shown);
    drop(state, resultId);
    state.loose.delete(resultId);
    if (entry && isSame(entry.given, shown))
      await ignoreFailure(entry.forget(), 'without a database nothing is kept');
  });
}

/** The one that is kept now, whoever wrote it; null: it was sent or discarded in another tab. */
async function entryOf({ loose }: State, { rows }: OutboxTools, given: Given): Promise<Entry | null> {
  const read = loose.has(given.resultId)
    ? undefined
    : await ignoreFailure(rows.read(given.resultId), 'this window has it too');
  if (read === undefined) return { given, forget: async () => undefined };
  const kept = givenSchema.safeParse(read?.said).data;
  return read && kept ? { given: kept, forget: read.forget } : null;
}

/** Without their authors: they stay in `unsent` until they are sent, or the page would blink at each attempt. */
async function sendAgain(state: State, tools: OutboxTools, isMeant: (unsent: Unsent) => boolean) {
  for (const unsent of state.unsent.peek().filter(isMeant)) await send(state, tools, unsent, false);
}

/** Sends what is kept on this result; `given` where the device keeps nothing. */
async function send(state: State, tools: OutboxTools, given: Given, isShown = true): Promise<void> {
  const { resultId, request } = given;
  if (!tools.isHere()) return setSending(state, resultId, null);
  if (isShown) begin(state, given);
  else setSending(state, resultId, request);
  try {
    await tools.rows.alone(resultId, async () => {
      const entry = await entryOf(state, tools, given);
      if (!entry) return showLatest(state, tools, resultId);
      if (isShown) begin(state, entry.given);
      return sendEntry(state, tools, entry);
    });
  } finally {
    setSending(state, resultId, null);
  }
  if (!state.isMissed) return;
  state.isMissed = false;
  void follow(state, tools);
}

/** Another tab has sent it or discarded it. */
async function showLatest(state: State, { api }: OutboxTools, resultId: string): Promise<void> {
  drop(state, resultId);
  const result = await ignoreFailure(
    api.json(`/results/${resultId}`, resultSchema),
    'the page shows what it has',
  );
  if (result) state.saved.value = result;
}

async function sendEntry(state: State, tools: OutboxTools, entry: Entry): Promise<void> {
  const { resultId, request, revision } = entry.given;
  try {
    const response = await tools.api.send(`/results/${resultId}/verify`, {
      method: 'POST',
      // Another person may have signed in, in another tab: a verdict is signed by its author alone.
      as: tools.account,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        // If another person was faster, there is a newer revision by now.
        'if-match': `"${revision}"`,
      },
      body: JSON.stringify(request),
      // The browser finishes the request even when the window is closed.
      keepalive: true,
    });
    if (!response.ok) throw await problemOf(response);
    await take(state, entry, resultSchema.parse(await response.json()));
  } catch (error) {
    await notSent(state, tools, entry, error);
  }
}

async function take(state: State, { forget }: Entry, result: Result): Promise<void> {
  state.loose.delete(result.id);
  await ignoreFailure(forget(), 'sent again, it is recognised as saved');
  batch(() => {
    drop(state, result.id);
    state.saved.value = result;
  });
}

async function notSent(state: State, tools: OutboxTools, entry: Entry, error: unknown): Promise<void> {
  const { given } = entry;
  const isOvertaken = error instanceof ApiProblem && error.anyCode === 'result-changed';
  if (isOvertaken) {
    const result = await savedBefore(tools, given);
    if (result) return take(state, entry, result);
  }
  const isRetried =
    !(error instanceof ApiProblem) || error.status >= 500 || [401, 429].includes(error.status);
  const all = state.unsent.peek();
  const before = unsentOf(state, given.resultId);
  // A question about it is open as long as it is the same request.
  const kept = before && isSame(before, given) ? before : given;
  const now = { ...kept, trouble: troubleOf(error), isOvertaken, isRetried };
  state.unsent.value = before ? all.map((each) => (each === before ? now : each)) : [...all, now];
  if (isRetried) void ignoreFailure(waitForLink(state, tools), 'waiting never ends by a signal');
}

/** The verdict had arrived and its answer was lost: the result holds it, as the next revision. */
async function savedBefore(
  { api, account }: OutboxTools,
  { resultId, revision, request }: Given,
): Promise<Result | null> {
  const result = await ignoreFailure(
    api.json(`/results/${resultId}`, resultSchema),
    'it is asked again later',
  );
  const held = result?.verification;
  const isMine =
    held?.by === account &&
    held.verdict === request.verdict &&
    held.finding === (request.finding ?? null) &&
    (held.reason ?? null) === (request.reason ?? null);
  return result && isMine && result.revision === revision + 1 ? result : null;
}

async function waitForLink(state: State, { clock, ...tools }: OutboxTools): Promise<void> {
  if (state.isWaiting) return;
  state.isWaiting = true;
  while (tools.isHere() && state.unsent.peek().some(({ isRetried }) => isRetried)) {
    await clock.sleep(RETRY_MS, new AbortController().signal);
    await sendAgain(state, { clock, ...tools }, ({ isRetried }) => isRetried);
  }
  state.isWaiting = false;
}
