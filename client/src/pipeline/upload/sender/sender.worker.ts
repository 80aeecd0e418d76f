/**
 * The worker that sends the queue for a page, because announcing ten thousand instances, reading parcels and
 * following events would slow down the page's thread. It competes with other tabs to be the leader (Web Locks) and
 * ends with its page.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { clearInterrupted } from '../../queue/rows/drop-study.ts';
import { openLocalDatabase } from '../../queue/rows/local-database.ts';
import { createBackOff, realClock, type Clock } from '../../../net/clock.ts';
import { isHeld, runAsLeader, writingLock } from './leader-lock.ts';
import { fetchTelling } from '../../../net/fetch-with-progress.ts';
import { borrowSession, type FromSender, type Here, type ToSender } from './sender-messages.ts';
import { createSenders, type Senders } from './senders.ts';
import { openSendingTools } from './sending-tools.ts';

const say = (what: FromSender): void => globalThis.postMessage(what);
const forever = new AbortController().signal;
const session = borrowSession((question) => say({ kind: 'ask', question }));
let here: Here | null = null;
let isOnline = navigator.onLine;
let senders: Senders | null = null;
const told = Promise.withResolvers<void>();
const network = new EventTarget();

/**
 * A wait ends early when the network comes back, because a van at a traffic light may have a network for only half a
 * minute.
 */
const wokenByNetwork: Clock = {
  now: realClock.now,
  async sleep(ms, signal) {
    const woken = new AbortController();
    network.addEventListener('online', () => woken.abort(), { signal: woken.signal });
    const either = AbortSignal.any([signal, woken.signal]);
    await ignoreFailure(
      realClock.sleep(ms, either),
      'aborted by the network, or by the signal checked below',
    );
    woken.abort();
    signal.throwIfAborted();
  },
};

globalThis.addEventListener('message', ({ data }: MessageEvent<ToSender>) => {
  switch (data.kind) {
    case 'here':
      return takeHere(data.here);
    case 'network':
      return takeNetwork(data.isOnline);
    case 'token':
      return session.take(data.answer);
    case 'wake':
      return senders?.wake();
    default:
      return data satisfies never;
  }
});

function takeHere(now: Here): void {
  here = now;
  told.resolve();
  senders?.accountChanged();
  if (senders !== null) void untilEnrolled(senders, now);
}

function takeNetwork(now: boolean): void {
  const isBack = now && !isOnline;
  isOnline = now;
  if (!isBack) return;
  network.dispatchEvent(new Event('online'));
  senders?.wake();
}

/** The session (`begun`) in which the right was last confirmed. */
let confirmed: number | null = null;

/**
 * Gets the right before there is anything to send, because nobody may be signed in later. Repeats this for each new
 * session, because a new password ends the previous right.
 */
async function untilEnrolled(made: Senders, { account, state, maySend, begun }: Here): Promise<void> {
  const backOff = createBackOff(Math.random);
  while (
    account !== null &&
    maySend &&
    state === 'signed-in' &&
    here?.state === state &&
    here.account === account
  ) {
    const right = made.right(account);
    const isAnswered = await (begun === confirmed ? right.accessToken() : right.confirm()).then(
      () => true,
      () => false,
    );
    if (isAnswered) confirmed = begun;
    if (isAnswered) return;
    await wokenByNetwork.sleep(backOff.next(), forever);
  }
}

async function send(): Promise<void> {
  const database = openLocalDatabase();
  const tools = await openSendingTools(database);
  await clearInterrupted(database, (studyId) => isHeld(tools.locks, writingLock(studyId)));
  const made = createSenders({
    ...tools,
    fetchTelling,
    clock: wokenByNetwork,
    isOnline: () => isOnline,
    account: () => here?.account ?? null,
    session: (account) =>
      here !== null && here.state !== 'signed-out' && here.account === account ? session.of(account) : null,
  });
  // The last signed-in account may have a right to renew.
  await told.promise;
  senders = made;
  tools.linkFacts?.addEventListener('change', made.wake);
  void untilEnrolled(made, here!);
  await runAsLeader(tools.locks, () => made.run(forever), forever);
}

const sent = send().finally(() => say({ kind: 'ended' }));
void ignoreFailure(sent, 'it ends only by failing, and the page starts another worker');
