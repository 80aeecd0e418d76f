/**
 * The queue for the screen: follows the database (of all tabs), opens titles, counts the track, and carries
 * out what a person decides. Sends nothing itself: the uploader does, in whichever tab leads.
 */
import { liveQuery } from 'dexie';
import { batch, computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import type { UploadStatus } from '#shared/protocol/api.ts';
import { countTrack } from './count-track.ts';
import { canCancel, canTakeBack, createDecisions, type DecisionTools } from './rows/decide-study.ts';
import { open } from './rows/device-key.ts';
import { databaseOrigin, knownDiagnosis, knownLink, knownOrigin } from './rows/device-notes.ts';
import { FEW_ROWS, instancesOf } from './rows/instance-rows.ts';
import type { LocalDatabase, StudyRow } from './rows/local-database.ts';
import { createOrdering, isToBeSent } from './rows/order-studies.ts';
import type { Link } from '../../net/link.ts';
import type { Diagnosis, LostStudy, QueuedStudy, QueueStore, StudyTitle, Track } from './queued-study.ts';
import { createRate, type Rate } from './rate.ts';
import { compareRoster, compareUploads, createRoster, type RosterPlace } from './waiting-record.ts';
import { compareForSending } from './sending-order.ts';

export interface QueueStoreTools extends DecisionTools {
  readonly key: Promise<CryptoKey>;
  /** Calls `work` after `ms`: a rate that falls is told although nothing is written. */
  readonly later: (work: () => void, ms: number) => void;
  /** Who sees the queue: the titles of another account's studies are not opened. */
  readonly account: ReadonlySignal<string | null>;
  /** Whether the browser has a network at all. */
  readonly isOnline: ReadonlySignal<boolean>;
  /** Instances that this tab is writing into the queue. */
  readonly unsafe: ReadonlySignal<number>;
  /** Where the list of what waits lies, outside the database (localStorage). */
  readonly place: RosterPlace;
  /** The uploads of who is signed in, from the gateway. Throws as the API client does. */
  uploads(): Promise<readonly UploadStatus[]>;
}

interface Snapshot {
  readonly studies: readonly StudyRow[];
  readonly link: Link;
  readonly diagnosis: Diagnosis | null;
  /** Which database this is; null before its first use. */
  readonly origin: string | null;
}

/** Rate and time left are told anew this often while something travels. */
const TELL_EVERY_MS = 1_000;

export function createQueueStore(tools: QueueStoreTools): QueueStore & { close(): void } {
  const { database } = tools;
  const studies = signal<readonly QueuedStudy[]>([]);
  const ready = signal(false);
  const safe = signal(0);
  const others = signal(0);
  const othersWaiting = signal(0);
  const travelling = signal(0);
  const leaderLink = signal<Link>('online');
  const diagnosis = signal<Diagnosis | null>(null);
  const lost = signal<readonly LostStudy[]>([]);
  const roster = createRoster(tools.place);
  const titles = new Map<string, StudyTitle>();
  const rates = new Map<string, Rate>();
  let last: Snapshot | null = null;
  const asking = new Set<string>();
  let isTimed = false;

  const isOwn = ({ account }: StudyRow) => account === null || account === tools.account.peek();

  async function show(snapshot: Snapshot): Promise<void> {
    await openTitles(snapshot.studies);
    last = snapshot;
    draw(snapshot);
    const { origin, studies } = snapshot;
    if (origin === null) return;
    roster.change((kept) => compareRoster(kept, origin, studies));
    showLost();
    await askForUploads(tools.account.peek(), studies);
  }

  /**
   * Once for each account in this browser: where this list was cleared with the database, the gateway may
   * still know.
   */
  async function askForUploads(account: string | null, here: readonly StudyRow[]): Promise<void> {
    if (account === null || asking.has(account) || roster.read().asked.includes(account)) return;
    asking.add(account);
    try {
      const uploads = await tools.uploads();
      roster.change((kept) => compareUploads(kept, account, uploads, here));
      showLost();
    } catch {
      // Not reached: asked again with the next visit.
    }
  }

  function showLost(): void {
    const account = tools.account.peek();
    const own = roster.read().lost.filter((entry) => entry.account === null || entry.account === account);
    if (JSON.stringify(own) !== JSON.stringify(lost.peek())) lost.value = own;
  }

  function draw(snapshot: Snapshot): void {
    batch(() => {
      // Where nobody sees titles what waits here is still told: it is safe, whoever it belongs to.
      safe.value = snapshot.studies.reduce(
        (sum, row) => sum + (isKept(row) ? safeIn(countTrack(row)) : 0),
        0,
      );
      travelling.value = snapshot.studies.reduce(
        (sum, row) => sum + (isKept(row) && travels(row) ? safeIn(countTrack(row)) : 0),
        0,
      );
      const ofOthers = snapshot.studies.filter(
        (row) => !isOwn(row) && row.state !== 'done' && row.state !== 'taken-back',
      );
      others.value = ofOthers.filter(travels).length;
      othersWaiting.value = ofOthers.length - others.value;
      studies.value = snapshot.studies
        .filter(isOwn)
        .sort(compareForSending)
        .map((row) => toQueuedStudy(row));
      leaderLink.value = snapshot.link;
      diagnosis.value = snapshot.diagnosis;
      ready.value = true;
    });
    if (!snapshot.studies.some((row) => row.state === 'uploading') || isTimed) return;
    isTimed = true;
    tools.later(() => {
      isTimed = false;
      if (last !== null && !subscription.closed) draw(last);
    }, TELL_EVERY_MS);
  }

  async function openTitles(rows: readonly StudyRow[]): Promise<void> {
    for (const row of rows) {
      if (row.title === null || !isOwn(row)) titles.delete(row.id);
      else if (!titles.has(row.id)) titles.set(row.id, await openTitle(await tools.key, row.id, row.title));
    }
  }

  function toQueuedStudy(row: StudyRow): QueuedStudy {
    const rate = rates.get(row.id) ?? createRate();
    rates.set(row.id, rate);
    const at = tools.now();
    if (row.state === 'uploading') rate.note(row.sentBytes, at);
    const isMoving =
      row.state === 'uploading' && !row.paused && row.waiting === null && row.sentBytes < row.neededBytes;
    return {
      id: row.id,
      title: titles.get(row.id) ?? null,
      about: row.about,
      policy: row.policy,
      state: row.state,
      instances: row.instances,
      bytes: row.bytes,
      packing: row.packing,
      track: countTrack(row),
      refused: row.reasons.refused,
      quarantined: row.reasons.quarantined,
      leftOut: row.counts?.leftOut ?? 0,
      waiting: row.waiting,
      problem: row.problem,
      trouble: row.trouble,
      bytesPerSecond: isMoving ? rate.bytesPerSecond(at) : 0,
      secondsLeft: isMoving ? rate.secondsLeft(row.neededBytes - row.sentBytes, at) : null,
      stalled: isMoving && rate.isStalled(at),
      paused: row.paused,
      isWaiting: isToBeSent(row),
      score: row.score,
      film: row.film ?? [],
      ranked: row.rank !== null,
      canTakeBack: canTakeBack(row),
      canCancel: canCancel(row),
      wasCancelled: row.state === 'taken-back' && row.sending,
      receiptId: row.receiptId,
      studyInstanceUID: row.studyInstanceUID,
      queuedAt: row.queuedAt,
      completedAt: row.completedAt,
    };
  }

  // Without a database nothing waits here that could be lost.
  void databaseOrigin(database).catch(() => undefined);
  const subscription = liveQuery(() => readSnapshot(database)).subscribe({
    next: (snapshot) => void show(snapshot),
    // A database that is closed (deleted by the person, or by another version) shows what was last known.
    error: () => undefined,
  });

  const stopWatching = effect(() => {
    tools.account.value;
    if (last !== null) void show(last);
  });

  return {
    ready,
    studies,
    diagnosis,
    link: computed(() => (tools.isOnline.value ? leaderLink.value : 'offline')),
    unsafe: tools.unsafe,
    safe,
    others,
    othersWaiting,
    travelling,

    lost,
    forgetLost(id) {
      roster.change((kept) => ({ ...kept, lost: kept.lost.filter((entry) => entry.id !== id) }));
      showLost();
    },
    ...createDecisions(tools),
    ...createOrdering({ database, wake: tools.wake, account: () => tools.account.peek() }),

    async receiptOf(id) {
      const receipts = await database.receipts.where('studyId').equals(id).sortBy('issuedAt');
      return receipts.at(-1) ?? null;
    },

    async instancesOf(id) {
      return (await instancesOf(database, id, FEW_ROWS)).map(
        ({ sopInstanceUID, digest, seriesInstanceUID, sopClassUID, bytes, state, reason }) => ({
          sopInstanceUID,
          digest,
          seriesInstanceUID,
          sopClassUID,
          bytes,
          state,
          reason,
        }),
      );
    },

    close() {
      stopWatching();
      subscription.unsubscribe();
    },
  };
}

/** Nobody has to be here for it: its account's right to send carries it. */
function travels({ state, waiting, paused, trouble }: StudyRow): boolean {
  if (waiting === 'signed-out' || waiting === 'interrupted' || trouble !== null) return false;
  return (
    state === 'at-gateway' || ((state === 'reading' || state === 'safe' || state === 'uploading') && !paused)
  );
}

function safeIn({ safe, onTheWay }: Track): number {
  return safe + onTheWay;
}

/** What is still being written is not safe yet, and what was taken back is gone. */
function isKept({ state, packing, waiting }: StudyRow): boolean {
  return state !== 'reading' && state !== 'taken-back' && !packing && waiting !== 'interrupted';
}

async function openTitle(key: CryptoKey, id: string, sealed: Uint8Array<ArrayBuffer>): Promise<StudyTitle> {
  return JSON.parse(new TextDecoder().decode(await open(key, sealed, `title/${id}`))) as StudyTitle;
}

/**
 * Rows of studies alone: this is read anew at every step of every upload, and must not grow with the
 * instances.
 */
async function readSnapshot(database: LocalDatabase): Promise<Snapshot> {
  return {
    studies: await database.studies.toArray(),
    link: await knownLink(database),
    diagnosis: await knownDiagnosis(database),
    origin: await knownOrigin(database),
  };
}
