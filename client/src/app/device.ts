/**
 * The composition root of the page: makes the session, the stores and the sender, and connects them. Views take the
 * stores from here (ProvideStores.tsx) and know nothing of Dexie, workers, fetch or tus.
 */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { afterDrawing } from '../kit/after-drawing.ts';
import { createApiClient, type ApiClient } from '../net/api-client.ts';
import { fetchTelling, QUIET_MS } from '../net/fetch-with-progress.ts';
import type { Link } from '../net/link.ts';
import { isMetered, linkFactsOf } from '../net/metered.ts';
import { createSession, SESSION_LOCK, type SessionStore, type SessionTools } from '../net/session.ts';
import { createSignOutTasks, type SignOutTasks } from '../net/sign-out-tasks.ts';
import type { IngestStore } from '../pipeline/ingest/found/found-study.ts';
import { createIngestStore } from '../pipeline/ingest/ingest.store.ts';
import { createWorkerPool, poolSize, type WorkerPool } from '../pipeline/ingest/workers/worker-pool.ts';
import type { QueueStore } from '../pipeline/queue/queued-study.ts';
import { createQueueStore } from '../pipeline/queue/queue.store.ts';
import type { DecisionTools } from '../pipeline/queue/rows/decide-study.ts';
import { deviceKey } from '../pipeline/queue/rows/device-key.ts';
import { knownUser } from '../pipeline/queue/rows/device-notes.ts';
import { watchUnsent } from '../pipeline/queue/rows/follow-unsent.ts';
import { countUnsent } from '../pipeline/queue/rows/unsent.ts';
import { openLocalDatabase, type LocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import type { Triage } from '../pipeline/triage/start-triage.ts';
import type { StudyNews } from '../pipeline/queue/rows/take-news.ts';
import { createBackOff, realClock } from '../net/clock.ts';
import { holding, writingLock } from '../pipeline/upload/sender/leader-lock.ts';
import type { StickSaver } from '../pipeline/upload/sender/stick-context.ts';
import { createPageSender } from '../pipeline/upload/sender/page-sender.ts';
import { betweenAccounts, createAccount, untilSome } from './current-account.ts';
import { createLeftNote } from './left-note.ts';
import { lockMarkIn, startSession } from './lock-mark.ts';
import { createOpenReviews, type OpenReviews } from '../reviews/parts/open-reviews.ts';
import { createOutboxes, type Outboxes } from '../outbox/outboxes.ts';
import { canReachGateway } from '../net/watch-link.ts';
import { createPolicies, type Policies } from './policies.ts';
import { sendKeptVerdicts } from './send-kept-verdicts.ts';

export interface Device {
  readonly database: LocalDatabase;
  readonly session: SessionStore;
  readonly api: ApiClient;
  readonly ingest: IngestStore;
  readonly queue: QueueStore;
  readonly stick: StickSaver;
  readonly signOutTasks: SignOutTasks;
  readonly outboxes: Outboxes;
  readonly openReviews: OpenReviews;
  /** Null until its code is fetched; nothing waits for that. */
  readonly triage: ReadonlySignal<Triage | null>;
  /** News of studies that nobody has been told about yet. */
  takeNews(): Promise<readonly StudyNews[]>;
  /** Notes whether the gateway can be reached, as found while nothing is being sent. */
  noteLink(link: Link): void;
  readonly policies: Policies['known']['answer'];
  /** After how long without input the device locks, in minutes; 0: never; null: not known yet. */
  readonly lockMinutes: ReadonlySignal<number | null>;
  /** Resumes the last session and the queue, and starts sending. `begin` leaves the page of a person who has gone. */
  start(begin: () => void): void;
}

const later = (work: () => void, ms: number): void => void setTimeout(work, ms);

/** The parts that the stores of this page share. */
interface Parts {
  readonly database: LocalDatabase;
  readonly key: Promise<CryptoKey>;
  readonly session: SessionStore;
  readonly api: ApiClient;
  readonly account: ReadonlySignal<string | null>;
  readonly isOnline: ReadonlySignal<boolean>;
  readonly policies: Policies;
  readonly triage: Signal<Triage | null>;
  /** Tells the sender that the queue has changed. */
  readonly wake: () => void;
}

/**
 * The device of this page; `baseUrl` is where the API is, `/api` on the app's own origin. Long, because it makes every
 * part once, in the order in which they need each other.
 */
export function createDevice(baseUrl = '/api'): Device {
  const database = openLocalDatabase();
  const mark = lockMarkIn(localStorage);
  const left = createLeftNote(database, mark.minutes, later);
  const session = openSession(baseUrl, database, { ended: mark.endSession, keepLeft: left.keep });
  const api = createApiClient({
    baseUrl,
    fetch: (...request) => fetch(...request),
    fetchTelling,
    tokens: session,
  });
  const isOnline = watchOnline();
  const sender = createPageSender({ spawn: spawnSender, session, isOnline });
  const account = createAccount(session, database);
  const policies = createPolicies({ database, api, session });
  const triage = signal<Triage | null>(null);
  const key = deviceKey(database);
  const { wake } = sender;
  const parts: Parts = { database, key, session, api, account, isOnline, policies, triage, wake };
  const decisions = decisionsOf(parts);
  const pool = createWorkerPool(poolSize(navigator.hardwareConcurrency || 2), spawnIngest);
  const ingest = openIngest(parts, decisions, pool);
  const queue = openQueue(parts, decisions, ingest);
  const signOutTasks = createSignOutTasks(later);
  const outboxes = createOutboxes(account);
  return {
    database,
    session,
    api,
    ingest,
    queue,
    stick: stickOf(parts),
    triage,
    signOutTasks,
    outboxes,
    openReviews: createOpenReviews(api, outboxes.answered),
    policies: policies.known.answer,
    lockMinutes: computed(() => policies.known.value.value?.lockMinutes ?? null),
    takeNews: async () => (await import('../pipeline/queue/rows/take-news.ts')).takeNews(database),
    noteLink(link) {
      queue.hearLink(link);
      // The last user may still have a valid session.
      if (link !== 'gateway-unreachable' && session.state.peek() === 'offline') void session.resume();
    },
    start(begin) {
      // Files chosen by one person are not shown to the next.
      betweenAccounts(account, () => {
        ingest.cancel();
        ingest.clear();
        ingest.clear('held-back');
        pool.renew();
        policies.forget();
      });
      startSession({ session, mark, left, now: Date.now, begin, canSignIn: () => canSignIn(baseUrl) });
      sendVerdicts(parts, { signOutTasks, outboxes });
      void ignoreFailure(policies.load(), 'without a database the screen of the queue says so');
      void keepSending(parts, sender.run);
      void ignoreFailure(startModels(parts, ingest), 'without models the gateway does the work');
    },
  };
}

function canSignIn(baseUrl: string): Promise<boolean> {
  return canReachGateway({ baseUrl, fetch: globalThis.fetch, isOnline: () => navigator.onLine });
}

function sendVerdicts(parts: Parts, own: Pick<Device, 'signOutTasks' | 'outboxes'>): void {
  const { database, session, api, account, isOnline } = parts;
  const kept = { ...own, api, session, database: () => database };
  sendKeptVerdicts({
    account,
    isOnline,
    state: session.state,
    count: (author) => countUnsent(database, author),
    watch: (onChange) => watchUnsent(database, null, onChange),
    others: own.outboxes.others,
    open: async (author) => (await import('../outbox/open-outbox.ts')).openOutbox(kept, author),
  });
}

function openSession(
  baseUrl: string,
  database: LocalDatabase,
  leaving: Pick<SessionTools, 'ended' | 'keepLeft'>,
): SessionStore {
  return createSession({
    ...leaving,
    remembered: () => knownUser(database),
    later,
    baseUrl,
    fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(QUIET_MS) }),
    now: () => performance.now(),
    alone: (work) => holding(navigator.locks, SESSION_LOCK, work),
  });
}

function decisionsOf({ database, api, isOnline, wake }: Parts): DecisionTools {
  const gateway = async () => (await import('../pipeline/queue/rows/tell-decision.ts')).decisionsTo(api);
  return {
    database,
    isOnline,
    locks: navigator.locks,
    wake,
    later,
    now: Date.now,
    decide: async (...said) => (await gateway()).decide(...said),
    withdraw: async (...said) => (await gateway()).withdraw(...said),
  };
}

function openIngest(parts: Parts, decisions: DecisionTools, pool: WorkerPool): IngestStore {
  const { database, key, policies, account, triage } = parts;
  return createIngestStore({
    database,
    key,
    policies: policies.known.value,
    hearPolicies: policies.hear,
    now: Date.now,
    createId: () => crypto.randomUUID(),
    account: () => account.peek(),
    onQueued: parts.wake,
    inPacsNow: async (...asked) =>
      (await import('../pipeline/ingest/card/ask-in-pacs.ts')).askInPacs(parts.api, ...asked),
    pool,
    later,
    room: roomLeft,
    // Without persistence the browser may clear the queue when the disk is full (Storage Standard §4).
    persist: async () => (await navigator.storage?.persist?.()) ?? null,
    isPersisted: async () => (await navigator.storage?.persisted?.()) ?? null,
    whileWriting: (studyId, work) => holding(navigator.locks, writingLock(studyId), work),
    triaged: (studyId, group) => triage.peek()?.store.queued(studyId, group) ?? null,
    decisions,
    sample: async (uuid) =>
      (await import('../pipeline/ingest/choose/sample-study.ts')).sampleStudyFiles(uuid),
    askOrders: async (day) =>
      (await import('../pipeline/ingest/orders/ask-orders.ts')).askOrders(parts.api, day),
    noteOrder: async (study, order) =>
      (await import('../pipeline/ingest/orders/ask-orders.ts')).noteOrder(parts.api, study, order),
    askPseudonyms: async (asked, abort) =>
      (await import('../pipeline/ingest/prepare/ask-pseudonyms.ts')).askPseudonyms(parts.api, asked, abort),
  });
}

function stickOf({ database, account }: Parts): StickSaver {
  return {
    async pack(studyIds) {
      const { packStick } = await import('../pipeline/upload/sender/pack-stick.ts');
      const tools = { database, account: account.peek(), now: Date.now, newId: () => crypto.randomUUID() };
      return packStick(tools, studyIds);
    },
  };
}

async function roomLeft(): Promise<number | null> {
  const estimate = await navigator.storage?.estimate?.();
  return estimate?.quota === undefined ? null : estimate.quota - (estimate.usage ?? 0);
}

function openQueue(parts: Parts, decisions: DecisionTools, { queueing }: IngestStore): QueueStore {
  const { key, account, api } = parts;
  return createQueueStore({
    ...decisions,
    key,
    account,
    isMetered: watchMetered(),
    later,
    unsafe: computed(() => queueing.value.instancesTotal - queueing.value.instances),
    place: localStorage,
    async noteTakeOver(owner, studies) {
      await api.text(`/admin/users/${owner}/take-over`, { body: { studies } });
    },
    async uploads() {
      await afterDrawing();
      const { uploadListSchema } = await import('#shared/protocol/api.ts');
      return (await api.json('/uploads', uploadListSchema)).uploads;
    },
  });
}

/**
 * Restarts the sender when it ends because its database is being upgraded or an update has replaced its script, so that
 * the queue does not wait for a person.
 */
async function keepSending(parts: Parts, runSender: () => Promise<void>): Promise<void> {
  const backOff = createBackOff(Math.random);
  for (;;) {
    await untilNeeded(parts).then(runSender, () => undefined);
    await realClock.sleep(backOff.next(), new AbortController().signal);
  }
}

/**
 * Waits until the sender is needed: by a signed-in person or a queue that waits. The sign-in page of an empty device
 * does not load it.
 */
async function untilNeeded({ database, account }: Parts): Promise<void> {
  if ((await database.studies.count()) === 0) await untilSome(account);
  // Choosing files does not wait for the code that sends them.
  await afterDrawing();
}

/** Loads the models that look at chosen files, once somebody is signed in and after the sender. */
async function startModels({ account, database, triage }: Parts, ingest: IngestStore): Promise<void> {
  await untilSome(account);
  await afterDrawing();
  await afterDrawing();
  const { startTriage } = await import('../pipeline/triage/start-triage.ts');
  triage.value = startTriage(ingest, database);
}

function watchOnline(): ReadonlySignal<boolean> {
  const isOnline = signal(navigator.onLine);
  const update = (now: boolean) => () => {
    isOnline.value = now;
  };
  globalThis.addEventListener('online', update(true));
  globalThis.addEventListener('offline', update(false));
  return isOnline;
}

function watchMetered(): ReadonlySignal<boolean> {
  const facts = linkFactsOf(navigator);
  const metered = signal(isMetered(facts));
  facts?.addEventListener('change', () => {
    metered.value = isMetered(facts);
  });
  return metered;
}

/** The worker addresses are written out, because the build recognises only this form. */
function spawnIngest(): Worker {
  return reportingMissing(
    new Worker(new URL('../pipeline/ingest/workers/ingest.worker.ts', import.meta.url), { type: 'module' }),
  );
}

function spawnSender(): Worker {
  return reportingMissing(
    new Worker(new URL('../pipeline/upload/sender/sender.worker.ts', import.meta.url), { type: 'module' }),
  );
}

/** Reports workers that cannot be fetched. For other parts of the page the build does so (main.tsx). */
function reportingMissing(worker: Worker): Worker {
  worker.addEventListener('error', (event) => {
    // An error inside the script has a message. A script that could not be fetched has none.
    if (!('message' in event)) globalThis.dispatchEvent(new Event('vite:preloadError'));
  });
  return worker;
}
