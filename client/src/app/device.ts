/**
 * The composition root of the page: one function that makes the session, the two stores and the uploader and
 * joins them. Views take what it returns and know nothing of Dexie, workers, fetch or tus.
 */
import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { createIngestStore } from '../pipeline/ingest/ingest.store.ts';
import type { IngestStore } from '../pipeline/ingest/found-study.ts';
import type { Triage } from '../pipeline/triage/start-triage.ts';
import { createWorkerPool, poolSize } from '../pipeline/ingest/worker-pool.ts';
import { deviceKey } from '../pipeline/queue/rows/device-key.ts';
import {
  knownPolicies,
  knownUser,
  rememberLink,
  rememberUser,
  type KnownPolicies,
} from '../pipeline/queue/rows/device-notes.ts';
import { giveUpStudy, type DecisionTools } from '../pipeline/queue/rows/decide-study.ts';
import { openLocalDatabase, type LocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import type { Link } from '../net/link.ts';
import type { QueueStore } from '../pipeline/queue/queued-study.ts';
import { createQueueStore } from '../pipeline/queue/queue.store.ts';
import { createBackOff, realClock } from '../pipeline/upload/clock.ts';
import { holding, writingLock } from '../pipeline/upload/sender/leader-lock.ts';
import { afterDrawing } from '../kit/after-drawing.ts';
import { createApiClient, type ApiClient } from '../net/api-client.ts';
import { createSignOutTasks, type SignOutTasks } from '../net/sign-out-tasks.ts';
import { fetchTelling, QUIET_MS } from '../net/fetch-with-progress.ts';
import { createPageSender } from '../pipeline/upload/sender/page-sender.ts';
import { createSession, SESSION_LOCK, type SessionStore } from '../net/session.ts';

export interface Device {
  readonly session: SessionStore;
  readonly api: ApiClient;
  readonly ingest: IngestStore;
  readonly queue: QueueStore;
  readonly signOutTasks: SignOutTasks;
  /** Null until it was fetched, which nothing waits for. */
  readonly triage: ReadonlySignal<Triage | null>;
  /** What was found out about the way to the gateway while nothing travels. */
  noteLink(link: Link): void;
  /** Goes on with the session and the queue of last time, and starts sending. */
  start(): void;
}

/** The device of this page; `baseUrl` is where the API is, `/api` on the app's own origin. */
export function createDevice(baseUrl = '/api'): Device {
  const { locks } = navigator;
  const database = openLocalDatabase();
  const session = createSession({
    remembered: () => knownUser(database),
    later: (work, ms) => void setTimeout(work, ms),
    baseUrl,
    fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(QUIET_MS) }),
    now: () => performance.now(),
    alone: (work) => holding(locks, SESSION_LOCK, work),
  });
  const api = createApiClient({
    baseUrl,
    fetch: (...request) => fetch(...request),
    fetchTelling,
    tokens: session,
  });
  const key = deviceKey(database);
  const isOnline = watchOnline();
  const account = createAccount(session, database);
  const policies = signal<KnownPolicies | null>(null);
  const triage = signal<Triage | null>(null);
  const { run: runSender, wake } = createPageSender({ spawn: spawnSender, session, isOnline });

  const decisions: DecisionTools = {
    database,
    wake,
    now: Date.now,
    async decide(uploadId, decision, instances) {
      await api.text(`/upload/${uploadId}/decisions`, { body: { decision, instances } });
    },
    async withdraw(uploadId, instances) {
      const { status } = await api.send(`/upload/${uploadId}`, { method: 'DELETE' });
      // Other instances of the study have left this account already: these alone are taken back.
      if (status === 409 && instances.length > 0)
        await api.text(`/upload/${uploadId}/decisions`, { body: { decision: 'take-back', instances } });
    },
  };
  const ingest = createIngestStore({
    database,
    key,
    policies,
    hearPolicies: keepPolicies,
    now: Date.now,
    createId: () => crypto.randomUUID(),
    account: () => account.peek(),
    onQueued: wake,
    pool: createWorkerPool(poolSize(navigator.hardwareConcurrency || 2), spawnIngest),
    later: (work, ms) => void setTimeout(work, ms),
    room: roomLeft,
    // Without persistence the browser may clear the queue when the disk runs full (Storage Standard §4).
    persist: async () => (await navigator.storage?.persist?.()) ?? null,
    isPersisted: async () => (await navigator.storage?.persisted?.()) ?? null,
    whileWriting: (studyId, work) => holding(locks, writingLock(studyId), work),
    triaged: (studyId, group) => triage.peek()?.store.queued(studyId, group) ?? null,
    giveUp: (studyId, why) => giveUpStudy(decisions, studyId, why),
    sample: async () => (await import('../pipeline/ingest/sample-study.ts')).sampleStudyFiles(),
  });
  const queue = createQueueStore({
    ...decisions,
    key,
    account,
    isOnline,
    later: (work, ms) => void setTimeout(work, ms),
    unsafe: computed(() => ingest.queueing.value.instancesTotal - ingest.queueing.value.instances),
    place: localStorage,
    uploads: async () =>
      (await afterDrawing(),
      await api.json('/uploads', (await import('#shared/protocol/api.ts')).uploadListSchema)).uploads,
  });

  /** The schemas, and what opens the project key, are fetched beside the drawn page, like what sends. */
  async function hearPolicies(): Promise<KnownPolicies> {
    await afterDrawing();
    const [{ policyAnswerSchema }, { policyRequest, rememberPolicies }] = await Promise.all([
      import('#shared/protocol/api.ts'),
      import('../pipeline/queue/rows/remember-policies.ts'),
    ]);
    return rememberPolicies(database, await api.json(await policyRequest(database), policyAnswerSchema));
  }

  function keepPolicies(): void {
    if (session.state.peek() !== 'signed-in') return;
    // Unreachable: what was known last time holds; the gateway checks the version anyway.
    void hearPolicies().then(
      (known) => (policies.value = known),
      () => undefined,
    );
  }

  async function loadPolicies(): Promise<void> {
    policies.value = await knownPolicies(database);
    effect(() => {
      if (session.state.value === 'signed-in') keepPolicies();
    });
  }

  /**
   * What sends is fetched for somebody who is here, or for a queue that waits: not for the sign-in page of an
   * empty device.
   */
  async function untilNeeded(): Promise<void> {
    if ((await database.studies.count()) === 0) await untilSome(account);
    // Beside the drawn page: choosing files does not wait for what sends them.
    await afterDrawing();
  }

  /** The models look at what somebody has chosen: not before there is somebody, and after what sends. */
  async function startModels(): Promise<void> {
    await untilSome(account);
    await afterDrawing();
    await afterDrawing();
    const { startTriage } = await import('../pipeline/triage/start-triage.ts');
    triage.value = startTriage(ingest, database);
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

  /**
   * A database that is being upgraded, a script that an update has just replaced: tried again, for the queue
   * must not wait for a person.
   */
  async function keepSending(): Promise<void> {
    const backOff = createBackOff(Math.random);
    for (;;) {
      await untilNeeded().then(runSender, () => undefined);
      await realClock.sleep(backOff.next(), new AbortController().signal);
    }
  }

  return {
    session,
    api,
    ingest,
    queue,
    triage,
    signOutTasks: createSignOutTasks((work, ms) => void setTimeout(work, ms)),
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
      // Without them the gateway does the work.
      void startModels().catch(() => undefined);
    },
  };
}

/**
 * Whose device it is now: who is signed in, and without a network who was so last; null where nobody is, or
 * it was not asked yet.
 */
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
  tabs.addEventListener(
    'message',
    ({ data }) => void (isDecided() && data !== account.peek() && session.resume()),
  );
  return account;
}

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

function spawnIngest(): Worker {
  return tellingMissing(
    new Worker(new URL('../pipeline/ingest/ingest.worker.ts', import.meta.url), { type: 'module' }),
  );
}

function spawnSender(): Worker {
  return tellingMissing(
    new Worker(new URL('../pipeline/upload/sender/sender.worker.ts', import.meta.url), { type: 'module' }),
  );
}

/** What the builder says of other parts that cannot be fetched (main.tsx) it does not say of workers. */
function tellingMissing(worker: Worker): Worker {
  worker.addEventListener(
    'error',
    (event) => void ('message' in event || globalThis.dispatchEvent(new Event('vite:preloadError'))),
  );
  return worker;
}

async function roomLeft(): Promise<number | null> {
  const estimate = await navigator.storage?.estimate?.();
  return estimate?.quota === undefined ? null : estimate.quota - (estimate.usage ?? 0);
}
