/**
 * What sends the queue of one account: its right, its queue, the gateway's events and the uploader over them,
 * put together here once for the page and for the service worker. Whoever makes one holds the lead
 * (pipeline/upload/lead.ts) while it runs.
 */
import { createFollower } from './follow-events.ts';
import { createUploader, type Uploader } from './uploader.ts';
import { createUploadRight, type UploadRight } from './upload-right.ts';
import type { Clock } from './clock.ts';
import { holding, writingLock, type Locks } from './leader-lock.ts';
import { rememberDiagnosis, rememberLink, rememberRate } from '../queue/rows/device-notes.ts';
import { createInstanceQueue } from '../queue/rows/instance-queue.ts';
import { keepRight, keptRight } from '../queue/rows/kept-rights.ts';
import type { LocalDatabase } from '../queue/rows/local-database.ts';
import type { Link } from '../../net/link.ts';
import { tellOwnerMissing } from '../queue/rows/waiting-accounts.ts';
import { createApiClient, type FetchTelling, type TokenSource } from '../../net/api-client.ts';
import { QUIET_MS } from '../../net/fetch-with-progress.ts';
import type { ServerClock } from '../../net/server-clock.ts';

export interface SenderTools {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  readonly fetchTelling: FetchTelling;
  readonly locks: Locks;
  readonly database: LocalDatabase;
  readonly key: CryptoKey;
  readonly serverClock: ServerClock;
  readonly clock: Clock;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  readonly isOnline: () => boolean;
  /** The session, while it is this account's; null while it is not. */
  readonly session: () => TokenSource | null;
  /** Resolves when this account may send again: its right had ended, and it signs in. */
  readonly signedIn: (right: UploadRight, signal: AbortSignal) => Promise<void>;
  /** Whether this one may hold a connection for events; always, where nothing is said. */
  readonly mayStream?: () => boolean;
}

export interface Sender {
  readonly uploader: Uploader;
  readonly right: UploadRight;
}

/** What sends what `account` queued on this device. */
export function createSender(account: string, tools: SenderTools): Sender {
  const { baseUrl, fetch, fetchTelling, locks, database, key, serverClock, clock } = tools;
  const right = createUploadRight({
    baseUrl,
    clock: serverClock,
    fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(QUIET_MS) }),
    monotonic: tools.monotonic,
    session: tools.session,
    newId: () => crypto.randomUUID(),
    store: { get: () => keptRight(database, account), put: (kept) => keepRight(database, account, kept) },
    alone: (work) => holding(locks, `relaypacs-right-${account}`, work),
  });
  const api = createApiClient({
    baseUrl,
    fetch,
    fetchTelling,
    tokens: tellingOwner(right, database, account),
    serverClock,
  });
  let link: Link | null = null;
  const uploader = createUploader({
    api,
    clock,
    random: Math.random,
    patienceMs: Number.POSITIVE_INFINITY,
    awaitReceipts: true,
    follower: createFollower({ api, clock, random: Math.random, mayStream: tools.mayStream ?? (() => true) }),
    queue: createInstanceQueue({
      database,
      key,
      account,
      now: Date.now,
      // Whoever packs holds the lock: it is free when the packing is over, or its page is gone.
      packerGone: (studyId) => holding(locks, writingLock(studyId), async () => undefined),
      async decide(uploadId, decision, instances) {
        await api.text(`/upload/${uploadId}/decisions`, { body: { decision, instances } });
      },
    }),
    isOnline: tools.isOnline,
    signedIn: (signal) => tools.signedIn(right, signal),
    // Notes for the screen and for the next packing: what is sent does not wait for them.
    onRate: (bytesPerSecond) =>
      void rememberRate(database, 'link-rate', bytesPerSecond).catch(() => undefined),
    onDiagnosis: (diagnosis) => void rememberDiagnosis(database, diagnosis).catch(() => undefined),
    onLink(now) {
      if (now !== link) void rememberLink(database, now).catch(() => undefined);
      link = now;
    },
  });
  return { uploader, right };
}

/**
 * The same tokens; where there is none, every study of the account says that it waits for its owner: what is
 * only followed asks nobody else.
 */
function tellingOwner(right: UploadRight, database: LocalDatabase, account: string): TokenSource {
  let wasMissing: boolean | null = null;
  const told = async (token: string | null): Promise<string | null> => {
    const isMissing = token === null;
    if (isMissing !== wasMissing) await tellOwnerMissing(database, account, isMissing).catch(() => undefined);
    wasMissing = isMissing;
    return token;
  };
  return {
    accessToken: async () => told(await right.accessToken()),
    renew: async (stale) => told(await right.renew(stale)),
  };
}
