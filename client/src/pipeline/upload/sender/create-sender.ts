/**
 * Sends the queue of one account, for both the page and the service worker: connects its right to send, its queue,
 * the gateway's events and the uploader. The caller must be the leader (leader-lock.ts) while it runs.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { createFollower } from '../follow-events.ts';
import type { CarrierTools } from '../carry-study.ts';
import { createUploader, type Uploader } from '../uploader.ts';
import { createUploadRight, type UploadRight } from '../upload-right.ts';
import type { Clock } from '../../../net/clock.ts';
import { holding, writingLock, type Locks } from './leader-lock.ts';
import { rememberDiagnosis, rememberLink, rememberRate } from '../../queue/rows/device-notes.ts';
import { createInstanceQueue } from '../../queue/rows/instance-queue.ts';
import { keepRight, keptRight } from '../../queue/rows/kept-rights.ts';
import type { LocalDatabase } from '../../queue/rows/local-database.ts';
import { tellOwnerMissing } from '../../queue/rows/waiting-accounts.ts';
import { createApiClient, type FetchTelling, type TokenSource } from '../../../net/api-client.ts';
import { QUIET_MS } from '../../../net/fetch-with-progress.ts';
import { isMetered, type LinkFacts } from '../../../net/metered.ts';
import type { ServerClock } from '../../../net/server-clock.ts';

export interface SenderTools {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  readonly fetchTelling: FetchTelling;
  readonly locks: Locks;
  readonly database: LocalDatabase;
  readonly serverClock: ServerClock;
  readonly clock: Clock;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly isOnline: () => boolean;
  /** What the browser says about its connection; null: nothing. */
  readonly linkFacts: LinkFacts | null;
  /** The session while it belongs to this account, otherwise null. */
  readonly session: () => TokenSource | null;
  /** Resolves when this account may send again, after its right has ended and it has signed in. */
  readonly signedIn: (right: UploadRight, signal: AbortSignal) => Promise<void>;
  /** Whether this sender may hold a connection for events; default: always. */
  readonly mayStream?: () => boolean;
}

export interface Sender {
  readonly uploader: Uploader;
  readonly right: UploadRight;
}

/** Sends the studies that `account` queued on this device. */
export function createSender(account: string, tools: SenderTools): Sender {
  const { baseUrl, fetch, fetchTelling, locks, database, serverClock, clock } = tools;
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
  const uploader = createUploader({
    api,
    clock,
    random: Math.random,
    patienceMs: Number.POSITIVE_INFINITY,
    awaitReceipts: true,
    follower: createFollower({ api, clock, random: Math.random, mayStream: tools.mayStream ?? (() => true) }),
    queue: createInstanceQueue({
      database,
      account,
      now: Date.now,
      isMetered: () => isMetered(tools.linkFacts),
      // The packing page holds the lock until packing ends or the page is gone.
      packerGone: (studyId) => holding(locks, writingLock(studyId), async () => undefined),
      locks,
      async decide(uploadId, decision, instances) {
        await api.text(`/upload/${uploadId}/decisions`, { body: { decision, instances } });
      },
    }),
    isOnline: tools.isOnline,
    signedIn: (signal) => tools.signedIn(right, signal),
    ...notesIn(database),
  });
  return { uploader, right };
}

/** Stores notes for the screen and for the next packing. */
export function notesIn(database: LocalDatabase): Pick<CarrierTools, 'onRate' | 'onDiagnosis' | 'onLink'> {
  const because = 'only a note; sending does not wait for it';
  return {
    onRate(bytesPerSecond) {
      void ignoreFailure(rememberRate(database, 'link-rate', bytesPerSecond), because);
    },
    onDiagnosis(diagnosis) {
      void ignoreFailure(rememberDiagnosis(database, diagnosis), because);
    },
    onLink(link) {
      void ignoreFailure(rememberLink(database, link), because);
    },
  };
}

/**
 * Passes the tokens through. If there is none, it marks every study of the account as waiting for its owner, because
 * studies that are only followed do not ask for another token.
 */
function tellingOwner(right: UploadRight, database: LocalDatabase, account: string): TokenSource {
  let wasMissing: boolean | null = null;
  const told = async (token: string | null): Promise<string | null> => {
    const isMissing = token === null;
    if (isMissing !== wasMissing)
      await ignoreFailure(tellOwnerMissing(database, account, isMissing), 'only a note on the screen');
    wasMissing = isMissing;
    return token;
  };
  return {
    accessToken: async () => told(await right.accessToken()),
    renew: async (stale) => told(await right.renew(stale)),
  };
}
