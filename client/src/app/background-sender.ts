/**
 * Sends the queue when the browser gives the service worker time for it. It uses the same uploader as the page, with
 * the right to send that outlives a login. Only one uploader runs among all tabs and the worker (Web Locks). The worker
 * waits for the lock while a page leads, takes over if that page is closed or dies, and yields to a page that waits. It
 * limits its own time, because the browser would end it. It notifies about studies that arrived and studies that need a
 * decision.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { createSender } from '../pipeline/upload/sender/create-sender.ts';
import { QUIET_MS } from '../net/fetch-with-progress.ts';
import { isMetered } from '../net/metered.ts';
import { openSendingTools } from '../pipeline/upload/sender/sending-tools.ts';
import { takeNews } from '../pipeline/queue/rows/take-news.ts';
import { watchQueue } from '../pipeline/queue/rows/watch-queue.ts';
import { openLocalDatabase, type LocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import { accountsWithWork } from '../pipeline/queue/rows/waiting-accounts.ts';
import { realClock } from '../net/clock.ts';
import { isLeadWanted, runAsLeader } from '../pipeline/upload/sender/leader-lock.ts';
import { showNews } from './show-news.ts';

/**
 * Chromium ends a sync event after three minutes. A sender that ends earlier can still report that something is left.
 */
const AT_MOST_MS = 150_000;
/**
 * How often the worker looks for a waiting page. A page that opens leads after this time at most; the load is
 * negligible.
 */
const LOOK_FOR_PAGE_MS = 500;

const { locks } = navigator;
const { registration } = globalThis as unknown as { readonly registration: ServiceWorkerRegistration };

/**
 * Sends until `signal` aborts. Rejects where the browser should ask again: something that may be sent is left, and no
 * page is sending it.
 */
async function sendWhatWaits(signal: AbortSignal): Promise<void> {
  const database = openLocalDatabase();
  const over = new AbortController();
  signal.addEventListener('abort', () => over.abort(), { once: true });
  const timer = setTimeout(() => over.abort(), AT_MOST_MS);
  let isLeft = false;
  const work = async (): Promise<void> => {
    void giveWay(over);
    isLeft = await sendAll(database, over);
  };
  // Aborted while waiting for the lock: a page led all the time.
  await runAsLeader(locks, work, over.signal).catch(
    (error: unknown) => void (over.signal.aborted || rethrow(error)),
  );
  clearTimeout(timer);
  over.abort();
  database.close();
  if (isLeft) throw new Error('something still waits on this device');
}

function rethrow(error: unknown): never {
  throw error;
}

async function giveWay(over: AbortController): Promise<void> {
  while (!over.signal.aborted) {
    if (await isLeadWanted(locks)) over.abort();
    await ignoreFailure(realClock.sleep(LOOK_FOR_PAGE_MS, over.signal), 'an abort ends the loop');
  }
}

/** Sends until nothing is left or `over` aborts. Resolves to whether something is left. */
async function sendAll(database: LocalDatabase, over: AbortController): Promise<boolean> {
  const senders = await createSenders(database);
  const isLeft = async (): Promise<boolean> =>
    (await accountsWithWork(database)).some((account) => senders.of.has(account));
  const wake = (): void => {
    for (const { uploader } of senders.of.values()) uploader.wake();
  };
  const tell = async (): Promise<void> => showNews(await takeNews(database), registration);
  const { linkFacts } = senders;
  const maySend = async (): Promise<boolean> =>
    (await accountsWithWork(database, isMetered(linkFacts))).some((account) => senders.of.has(account));
  // Studies that wait for Wi-Fi stay in the queue, and the browser is asked to wake the worker another time.
  const check = async (): Promise<void> => void ((await maySend()) || over.abort());
  const unwatch = watchQueue(database, () => void check().then(tell));
  linkFacts?.addEventListener('change', () => void check().then(wake), { signal: over.signal });
  await tell();
  await check();
  await Promise.all([...senders.of.values()].map(({ uploader }) => uploader.run(over.signal)));
  unwatch();
  await tell();
  return isLeft();
}

/** Creates a sender for each account that has instances to send and may send them. */
async function createSenders(database: LocalDatabase) {
  const tools = {
    ...(await openSendingTools(database)),
    clock: realClock,
    // A service worker has no XMLHttpRequest, so there is no progress within a request. As in the page, a silent
    // request is ended.
    fetchTelling: (url: string, init: RequestInit) =>
      fetch(url, {
        ...init,
        signal: AbortSignal.any([AbortSignal.timeout(QUIET_MS), ...(init.signal ? [init.signal] : [])]),
      }),
    isOnline: () => navigator.onLine,
    session: () => null,
    // Nobody can sign in here, so this waits until the sender is aborted.
    signedIn: (_: unknown, signal: AbortSignal) =>
      new Promise<void>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
      ),
  };
  const senders = (await accountsWithWork(database)).map(
    (account) => [account, createSender(account, tools)] as const,
  );
  const mayGive = await Promise.all(senders.map(([, { right }]) => right.mayGive()));
  return { of: new Map(senders.filter((_, at) => mayGive[at])), linkFacts: tools.linkFacts };
}

(globalThis as { sendWhatWaits?: typeof sendWhatWaits }).sendWhatWaits = sendWhatWaits;
