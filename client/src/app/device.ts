/**
 * The composition root of the page: one function that makes the session, the two stores and the uploader and joins them. Views take
 * what it returns and know nothing of Dexie, workers, fetch or tus.
 */
import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { createIngestStore } from '../pipeline/ingest/ingest.store.ts';
import type { IngestStore } from '../pipeline/ingest/found.ts';
import { createWorkerPool, poolSize } from '../pipeline/ingest/worker-pool.ts';
import { deviceKey } from '../pipeline/queue/device-key.ts';
import { knownPolicies, knownUser, rememberLink, rememberPolicies, rememberUser, type KnownPolicies } from '../pipeline/queue/device-notes.ts';
import { giveUpStudy, type DecisionTools } from '../pipeline/queue/decide-study.ts';
import { clearInterrupted } from '../pipeline/queue/drop-study.ts';
import { knownClockOffset, rememberClockOffset } from '../pipeline/queue/kept-rights.ts';
import { openLocalDatabase, type LocalDatabase } from '../pipeline/queue/local-database.ts';
import type { Link, QueueStore } from '../pipeline/queue/queued.ts';
import { createQueueStore } from '../pipeline/queue/queue.store.ts';
import { createBackOff, realClock, type Clock } from '../pipeline/upload/clock.ts';
import { holding, isHeld, lead, writingLock } from '../pipeline/upload/lead.ts';
import { createApiClient, type ApiClient } from './api-client.ts';
import { fetchTelling, QUIET_MS } from './fetch-telling.ts';
import { maySend } from './may-send.ts';
import type { Senders } from './senders.ts';
import { createServerClock } from './server-clock.ts';
import { createSession, SESSION_LOCK, type SessionStore } from './session.ts';

export interface Device {
  readonly session: SessionStore;
  readonly api: ApiClient;
  readonly ingest: IngestStore;
  readonly queue: QueueStore;
  /** What was found out about the way to the gateway while nothing travels. */
  noteLink(link: Link): void;
  /** Goes on with the session and the queue of last time, and starts sending. */
  start(): void;
}

/** Later the queue of last time would wait without reason; sooner it competes with the first page. */
const IDLE_WITHIN_MS = 1_000;
const BREATH_MS = 200;

/** The device of this page; `baseUrl` is where the API is, `/api` on the app's own origin. */
export function createDevice(baseUrl = '/api'): Device {
  const { locks } = navigator;
  const database = openLocalDatabase();
  const session = createSession({
    remembered: () => knownUser(database), later: (work, ms) => void setTimeout(work, ms),
    baseUrl, fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(QUIET_MS) }), now: () => performance.now(), alone: (work) => holding(locks, SESSION_LOCK, work),
  });
  const serverClock = createServerClock({
    wall: Date.now, monotonic: () => performance.now(),
    keep: (offset) => void rememberClockOffset(database, offset).catch(() => undefined),
  });
  const reaching = { baseUrl, fetch: (...request: Parameters<typeof fetch>) => fetch(...request), fetchTelling, serverClock };
  const api = createApiClient({ ...reaching, tokens: session });
  const key = deviceKey(database);
  const isOnline = watchOnline();
  const account = createAccount(session, database);
  const policies = signal<KnownPolicies | null>(null);
  let senders: Senders | null = null;
  const wake = () => senders?.wake();

  const decisions: DecisionTools = {
    database, wake, now: Date.now,
    async decide(uploadId, decision, instances) {
      await api.text(`/upload/${uploadId}/decisions`, { body: { decision, instances } });
    },
    async withdraw(uploadId, instances) {
      const { status } = await api.send(`/upload/${uploadId}`, { method: 'DELETE' });
      // Other instances of the study have left this account already: these alone are taken back.
      if (status === 409 && instances.length > 0) await api.text(`/upload/${uploadId}/decisions`, { body: { decision: 'take-back', instances } });
    },
  };
  const ingest = createIngestStore({
    database, key, policies, now: Date.now, createId: () => crypto.randomUUID(), account: () => account.peek(), onQueued: wake,
    pool: createWorkerPool(poolSize(navigator.hardwareConcurrency || 2), spawnWorker),
    later: (work, ms) => void setTimeout(work, ms),
    room: roomLeft,
    // Without persistence the browser may clear the queue when the disk runs full (Storage Standard §4).
    persist: async () => (await navigator.storage?.persist?.()) ?? null,
    isPersisted: async () => (await navigator.storage?.persisted?.()) ?? null,
    whileWriting: (studyId, work) => holding(locks, writingLock(studyId), work),
    giveUp: (studyId, why) => giveUpStudy(decisions, studyId, why),
    sample: async () => (await import('../pipeline/ingest/sample-study.ts')).sampleStudyFiles(),
  });
  const queue = createQueueStore({
    ...decisions, key, account, isOnline,
    later: (work, ms) => void setTimeout(work, ms),
    unsafe: computed(() => ingest.queueing.value.instancesTotal - ingest.queueing.value.instances),
    place: localStorage,
    uploads: async () => (await api.json('/uploads', (await import('#shared/protocol/api.ts')).uploadListSchema)).uploads,
  });

  async function loadPolicies(): Promise<void> {
    policies.value = await knownPolicies(database);
    effect(() => {
      if (session.state.value !== 'signed-in') return;
      // The schemas are fetched beside the drawn page, like what sends.
      afterDrawing().then(() => import('#shared/protocol/api.ts')).then(({ policyAnswerSchema }) => api.json('/upload/policy', policyAnswerSchema)).then(
        async (answer) => {
          policies.value = await rememberPolicies(database, answer);
        },
        // Unreachable: what was known last time holds; the gateway checks the version anyway.
        () => undefined,
      );
    });
  }

  /** Sends for whoever has something in the queue, as long as this tab leads. */
  async function startSending(): Promise<void> {
    await clearInterrupted(database, (studyId) => isHeld(locks, writingLock(studyId)));
    await untilNeeded();
    const known = senders ?? (senders = await openSenders());
    const forever = new AbortController().signal;
    await lead(locks, async () => {
      // Who signed in last time may have a right to begin.
      await untilAsked(session);
      await known.run(forever);
    }, forever);
  }

  /** What sends is fetched for somebody who is here, or for a queue that waits: not for the sign-in page of an empty device. */
  async function untilNeeded(): Promise<void> {
    if ((await database.studies.count()) > 0) return;
    await untilSome(account);
  }

  async function openSenders(): Promise<Senders> {
    // Fetched beside the drawn page: choosing files does not wait for what sends them.
    await afterDrawing();
    const { createSenders } = await import('./senders.ts');
    const offset = await knownClockOffset(database);
    if (offset !== null) serverClock.recall(offset);
    const made = createSenders({
      ...reaching, database, locks, key: await key, clock: wokenByNetwork, monotonic: realClock.now,
      isOnline: () => isOnline.value,
      account: () => account.peek(),
      session: (id) => (session.state.peek() !== 'signed-out' && account.peek() === id ? session : null),
    });
    globalThis.addEventListener('online', made.wake);
    effect(() => {
      const [, user] = [session.state.value, session.user.value];
      made.accountChanged();
      if (session.state.value === 'signed-in' && user !== null && maySend(user)) void untilEnrolled(made, user.id);
    });
    return made;
  }

  /** Before anything has to be sent: when it has, nobody may be signed in. */
  async function untilEnrolled(made: Senders, id: string): Promise<void> {
    const backOff = createBackOff(Math.random);
    while (session.state.peek() === 'signed-in' && account.peek() === id) {
      if (await made.right(id).accessToken().then(() => true, () => false)) return;
      await wokenByNetwork.sleep(backOff.next(), new AbortController().signal);
    }
  }

  /** What was read for one person is not shown to the next. */
  function forgetBetweenAccounts(): void {
    let before: string | null = null;
    effect(() => {
      const now = account.value;
      if (now === null || now === before) return;
      if (before !== null) queueMicrotask(() => (ingest.cancel(), ingest.clear()));
      before = now;
    });
  }

  /** A database that is being upgraded, a script that an update has just replaced: tried again, for the queue must not wait for a person. */
  async function keepSending(): Promise<void> {
    const backOff = createBackOff(Math.random);
    for (;;) {
      await startSending().catch(() => undefined);
      await realClock.sleep(backOff.next(), new AbortController().signal);
    }
  }

  return {
    session, api, ingest, queue,
    noteLink(link) {
      if (link !== queue.link.peek()) void rememberLink(database, link).catch(() => undefined);
      // Whoever was here last may be signed in still.
      if (link !== 'gateway-unreachable' && session.state.peek() === 'offline') void session.resume();
    },
    start() {
      forgetBetweenAccounts();
      void session.resume();
      // Without a database nothing can be kept: the queue's screen stays "not ready" and says so.
      void loadPolicies().catch(() => undefined);
      void keepSending();
    },
  };
}

/** Whose device it is now: who is signed in, and without a network who was so last; null where nobody is, or it was not asked yet. */
function createAccount(session: SessionStore, database: LocalDatabase): ReadonlySignal<string | null> {
  const account = computed(() => session.user.value?.id ?? null);
  const tabs = new BroadcastChannel('relaypacs-account');
  const isDecided = () => session.state.peek() === 'signed-in' || session.state.peek() === 'signed-out';
  effect(() => {
    const user = session.user.value;
    if (session.state.value !== 'signed-in' && session.state.value !== 'signed-out') return;
    // Without a database there is nothing to be asked for offline either.
    void rememberUser(database, user).catch(() => undefined);
    tabs.postMessage(user?.id ?? null);
  });
  // All tabs share one cookie: when somebody signs in or out in one, the others ask who it is now.
  tabs.addEventListener('message', ({ data }) => void (isDecided() && data !== account.peek() && session.resume()));
  return account;
}

/** Waiting ends when the network comes back: half a minute of it is what a van has at a traffic light. */
const wokenByNetwork: Clock = {
  now: realClock.now,
  async sleep(ms, signal) {
    const woken = new AbortController();
    globalThis.addEventListener('online', () => woken.abort(), { signal: woken.signal });
    await realClock.sleep(ms, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    woken.abort();
    signal.throwIfAborted();
  },
};

function watchOnline() {
  const isOnline = signal(navigator.onLine);
  globalThis.addEventListener('online', () => (isOnline.value = true));
  globalThis.addEventListener('offline', () => (isOnline.value = false));
  return isOnline;
}

function untilSome<T>(value: ReadonlySignal<T | null>): Promise<T> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      const now = value.value;
      if (now !== null) queueMicrotask(() => (stop(), resolve(now)));
    });
  });
}

/** Until it is known whether somebody is signed in, or cannot be. */
function untilAsked(session: SessionStore): Promise<void> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (session.state.value !== 'unknown') queueMicrotask(() => (stop(), resolve()));
    });
  });
}

function spawnWorker(): Worker {
  const worker = new Worker(new URL('../pipeline/ingest/worker.ts', import.meta.url), { type: 'module' });
  // What the builder says of other parts that cannot be fetched (main.tsx) it does not say of workers.
  worker.addEventListener('error', (event) => void ('message' in event || globalThis.dispatchEvent(new Event('vite:preloadError'))));
  return worker;
}

/** The browser has nothing more urgent to do. Safari has no `requestIdleCallback`: there a breath must do. */
function afterDrawing(): Promise<void> {
  return new Promise((resolve) => {
    if ('requestIdleCallback' in globalThis) requestIdleCallback(() => resolve(), { timeout: IDLE_WITHIN_MS });
    else setTimeout(resolve, BREATH_MS);
  });
}

async function roomLeft(): Promise<number | null> {
  const estimate = await navigator.storage?.estimate?.();
  return estimate?.quota === undefined ? null : estimate.quota - (estimate.usage ?? 0);
}
