/**
 * The composition root of the page: one function that makes the session, the two stores and the uploader and joins them. Views take
 * what it returns and know nothing of Dexie, workers, fetch or tus.
 */
import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { createIngestStore } from '../pipeline/ingest/ingest.store.ts';
import type { IngestStore } from '../pipeline/ingest/found.ts';
import { createWorkerPool, poolSize } from '../pipeline/ingest/worker-pool.ts';
import { deviceKey } from '../pipeline/queue/device-key.ts';
import { knownPolicies, knownUser, rememberDiagnosis, rememberLink, rememberPolicies, rememberRate, rememberUser, type KnownPolicies } from '../pipeline/queue/device-notes.ts';
import { clearInterrupted } from '../pipeline/queue/enqueue.ts';
import { openLocalDatabase, type LocalDatabase } from '../pipeline/queue/local-database.ts';
import type { Link, QueueStore } from '../pipeline/queue/queued.ts';
import { createQueueStore } from '../pipeline/queue/queue.store.ts';
import { createBackOff, realClock, type Clock } from '../pipeline/upload/clock.ts';
import { holding, isHeld, lead } from '../pipeline/upload/lead.ts';
import type { Uploader } from '../pipeline/upload/uploader.ts';
import { createApiClient, type ApiClient } from './api-client.ts';
import { fetchTelling, QUIET_MS } from './fetch-telling.ts';
import { createSession, type SessionStore } from './session.ts';

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

const writing = (studyId: string) => `relaypacs-writing-${studyId}`;

/** The device of this page; `baseUrl` is where the API is, `/api` on the app's own origin. */
export function createDevice(baseUrl = '/api'): Device {
  const { locks } = navigator;
  const database = openLocalDatabase();
  const session = createSession({
    remembered: () => knownUser(database), later: (work, ms) => void setTimeout(work, ms),
    baseUrl, fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(QUIET_MS) }), now: Date.now, alone: (work) => holding(locks, 'relaypacs-session', work),
  });
  const api = createApiClient({ baseUrl, fetch: (...request) => fetch(...request), fetchTelling, tokens: session });
  const key = deviceKey(database);
  const isOnline = watchOnline();
  const account = createAccount(session, database);
  const policies = signal<KnownPolicies | null>(null);
  let uploader: Uploader | null = null;
  const wake = () => uploader?.wake();

  const ingest = createIngestStore({
    database, key, policies, now: Date.now, createId: () => crypto.randomUUID(), account: () => account.peek(), onQueued: wake,
    pool: createWorkerPool(poolSize(navigator.hardwareConcurrency || 2), spawnWorker),
    later: (work, ms) => void setTimeout(work, ms),
    room: () => roomLeft(),
    whileWriting: (studyId, work) => holding(locks, writing(studyId), work),
    sample: async () => (await import('../pipeline/ingest/sample-study.ts')).sampleStudyFiles(),
  });
  const queue = createQueueStore({
    database, key, account, isOnline, wake, now: Date.now,
    later: (work, ms) => void setTimeout(work, ms),
    unsafe: computed(() => ingest.queueing.value.instancesTotal - ingest.queueing.value.instances),
    async decide(uploadId, decision, instances) {
      await api.text(`/upload/${uploadId}/decisions`, { body: { decision, instances } });
    },
    async withdraw(uploadId, instances) {
      const { status } = await api.send(`/upload/${uploadId}`, { method: 'DELETE' });
      // Other instances of the study have left this account already: these alone are taken back.
      if (status === 409 && instances.length > 0) await api.text(`/upload/${uploadId}/decisions`, { body: { decision: 'take-back', instances } });
    },
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

  async function startSending(): Promise<void> {
    await clearInterrupted(database, (studyId) => isHeld(locks, writing(studyId)));
    const forever = new AbortController().signal;
    await lead(locks, async () => {
      await untilAsked(session);
      globalThis.addEventListener('online', wake);
      for (;;) await sendAs(await untilSome(account));
    }, forever);
  }

  /** Sends what this account queued, until somebody else is here: the very request under way ends with it. */
  async function sendAs(who: string): Promise<void> {
    const over = new AbortController();
    const stop = effect(() => void (account.value !== who && over.abort()));
    const sender = await createPageUploader(database, await key, who, api, session, isOnline);
    const unwatch = sender.watch(wake);
    uploader = sender.uploader;
    await uploader.run(over.signal).finally(() => (stop(), unwatch()));
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

async function createPageUploader(
  database: LocalDatabase, key: CryptoKey, account: string, api: ApiClient, session: SessionStore, isOnline: { readonly value: boolean },
): Promise<{ readonly uploader: Uploader; watch(onChange: () => void): () => void }> {
  // Fetched beside the drawn page: choosing files does not wait for what sends them.
  await afterDrawing();
  const [{ createUploader }, { createFollower }, { createInstanceQueue, watchQueue }] = await Promise.all([
    import('../pipeline/upload/uploader.ts'), import('../pipeline/upload/follow-events.ts'), import('../pipeline/queue/instance-queue.ts'),
  ]);
  let link = '';
  const uploader = createUploader({
    queue: createInstanceQueue({ database, key, account, now: Date.now }),
    api, clock: wokenByNetwork, random: Math.random, patienceMs: Number.POSITIVE_INFINITY, awaitReceipts: true,
    follower: createFollower({ api, clock: wokenByNetwork, random: Math.random }),
    isOnline: () => isOnline.value,
    signedIn: (signal) => untilSignedIn(session, signal),
    // Notes for the screen and for the next packing: what is sent does not wait for them.
    onRate: (bytesPerSecond) => void rememberRate(database, 'link-rate', bytesPerSecond).catch(() => undefined),
    onDiagnosis: (diagnosis) => void rememberDiagnosis(database, diagnosis).catch(() => undefined),
    onLink(now) {
      if (now === link) return;
      link = now;
      // Only what the status line says.
      void rememberLink(database, now).catch(() => undefined);
    },
  });
  return { uploader, watch: (onChange) => watchQueue(database, onChange) };
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
  now: () => Date.now(),
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

/** Until the session of last time was asked for, and someone is signed in or cannot be. */
function untilAsked(session: SessionStore): Promise<void> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (session.state.value === 'signed-in' || session.state.value === 'offline') queueMicrotask(() => (stop(), resolve()));
    });
  });
}

function untilSignedIn(session: SessionStore, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = effect(() => {
      if (session.state.value === 'signed-in') queueMicrotask(done);
    });
    function done(): void {
      stop();
      resolve();
    }
    signal.addEventListener('abort', () => {
      stop();
      reject(signal.reason);
    }, { once: true });
  });
}

function spawnWorker(): Worker {
  return new Worker(new URL('../pipeline/ingest/worker.ts', import.meta.url), { type: 'module' });
}

/** The browser has nothing more urgent to do. Safari has no `requestIdleCallback`: there a breath must do. */
function afterDrawing(): Promise<void> {
  return new Promise((resolve) => {
    if ('requestIdleCallback' in globalThis) requestIdleCallback(() => resolve(), { timeout: IDLE_WITHIN_MS });
    else setTimeout(resolve, BREATH_MS);
  });
}

async function roomLeft(): Promise<number | null> {
  // Without persistence the browser may clear the queue when the disk runs full (Storage Standard §4).
  await navigator.storage?.persist?.().catch(() => false);
  const estimate = await navigator.storage?.estimate?.();
  return estimate?.quota === undefined ? null : estimate.quota - (estimate.usage ?? 0);
}
