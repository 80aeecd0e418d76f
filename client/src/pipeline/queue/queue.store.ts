/**
 * The queue for the screen: follows the database (of all tabs), opens titles, counts the track, and carries out what a person decides.
 * Sends nothing itself: the uploader does, in whichever tab leads.
 */
import { liveQuery } from 'dexie';
import { batch, computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import type { InstanceState } from '#shared/protocol/study-state.ts';
import { nextUploadState, type UploadState } from '#shared/protocol/upload-state.ts';
import { open } from './device-key.ts';
import { knownLink } from './device-notes.ts';
import { dropContents, dropStudy } from './enqueue.ts';
import type { InstanceRow, LocalDatabase, StudyRow } from './local-database.ts';
import type { Link, QueuedStudy, QueueStore, ReasonCount, StudyTitle, Track } from './queued.ts';
import { mayBeRetried } from './may-be-retried.ts';
import { createRate, type Rate } from './rate.ts';
import { keyOf, type InstanceKey } from './upload-queue.ts';

export interface QueueStoreTools {
  readonly database: LocalDatabase;
  readonly key: Promise<CryptoKey>;
  readonly now: () => number;
  /** Calls `work` after `ms`: a rate that falls is told although nothing is written. */
  readonly later: (work: () => void, ms: number) => void;
  /** Who sees the queue: the titles of another account's studies are not opened. */
  readonly account: ReadonlySignal<string | null>;
  /** Whether the browser has a network at all. */
  readonly isOnline: ReadonlySignal<boolean>;
  /** Instances that this tab is writing into the queue. */
  readonly unsafe: ReadonlySignal<number>;
  /** Tells the gateway what a person decided. Throws as the API client does. */
  decide(uploadId: string, decision: 'leave-out' | 'retry', instances: readonly InstanceKey[]): Promise<void>;
  /** Tells the gateway that these instances of an announced study will not come. May throw: it forgets by itself. */
  withdraw(uploadId: string, instances: readonly InstanceKey[]): Promise<void>;
  /** Wakes the uploader of this tab, if it leads. */
  wake(): void;
}

interface Snapshot {
  readonly studies: readonly StudyRow[];
  readonly reasons: ReadonlyMap<string, { refused: ReasonCount[]; quarantined: ReasonCount[] }>;
  readonly link: Link;
}

/** Rate and time left are told anew this often while something travels. */
const TELL_EVERY_MS = 1_000;

export function createQueueStore(tools: QueueStoreTools): QueueStore & { close(): void } {
  const { database } = tools;
  const studies = signal<readonly QueuedStudy[]>([]);
  const ready = signal(false);
  const safe = signal(0);
  const others = signal(0);
  const leaderLink = signal<Link>('online');
  const titles = new Map<string, StudyTitle>();
  const rates = new Map<string, Rate>();
  let last: Snapshot | null = null;
  let isTimed = false;

  const isOwn = ({ account = null }: StudyRow) => account === null || account === tools.account.peek();

  async function show(snapshot: Snapshot): Promise<void> {
    await openTitles(snapshot.studies);
    last = snapshot;
    draw(snapshot);
  }

  function draw(snapshot: Snapshot): void {
    batch(() => {
      // Where nobody sees titles what waits here is still told: it is safe, whoever it belongs to.
      safe.value = snapshot.studies.reduce((sum, row) => sum + (isKept(row.state) ? safeIn(trackOf(row)) : 0), 0);
      others.value = snapshot.studies.filter((row) => !isOwn(row) && row.state !== 'done' && row.state !== 'taken-back').length;
      studies.value = snapshot.studies.filter(isOwn).map((row) => toQueuedStudy(row, snapshot.reasons.get(row.id)));
      leaderLink.value = snapshot.link;
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

  function toQueuedStudy(row: StudyRow, reasons: { refused: ReasonCount[]; quarantined: ReasonCount[] } | undefined): QueuedStudy {
    const rate = rates.get(row.id) ?? createRate();
    rates.set(row.id, rate);
    const at = tools.now();
    if (row.state === 'uploading') rate.note(row.sentBytes, at);
    const isMoving = row.state === 'uploading' && row.waiting === null && row.sentBytes < row.neededBytes;
    return {
      id: row.id,
      title: titles.get(row.id) ?? null,
      about: row.about ?? null,
      policy: row.policy,
      state: row.state,
      instances: row.instances,
      bytes: row.bytes,
      track: trackOf(row),
      refused: reasons?.refused ?? [],
      quarantined: reasons?.quarantined ?? [],
      leftOut: row.counts?.leftOut ?? 0,
      waiting: row.waiting,
      problem: row.problem,
      trouble: row.trouble ?? null,
      bytesPerSecond: isMoving ? rate.bytesPerSecond(at) : 0,
      secondsLeft: isMoving ? rate.secondsLeft(row.neededBytes - row.sentBytes, at) : null,
      stalled: isMoving && rate.isStalled(at),
      canTakeBack: !row.sending && nextUploadState(row.state, 'taken-back') === 'taken-back',
      receiptId: row.receiptId,
      studyInstanceUID: row.studyInstanceUID,
      queuedAt: row.queuedAt,
      completedAt: row.completedAt,
    };
  }

  const subscription = liveQuery(() => readSnapshot(database)).subscribe({
    next: (snapshot) => void show(snapshot),
    // A database that is closed (deleted by the person, or by another version) shows what was last known.
    error: () => undefined,
  });

  const stopWatching = effect(() => {
    tools.account.value;
    if (last !== null) void show(last);
  });

  async function changeInstances(id: string, which: ReadonlySet<string>, state: InstanceRow['state'], reason: string | null): Promise<void> {
    await database.instances.where('studyId').equals(id).and((row) => which.has(keyOf(row))).modify({ state, reason });
  }

  async function undecided(id: string): Promise<InstanceRow[]> {
    return database.instances.where('studyId').equals(id).and((row) => row.state === 'quarantined' || row.state === 'refused').toArray();
  }

  return {
    ready,
    studies,
    link: computed(() => (tools.isOnline.value ? leaderLink.value : 'offline')),
    unsafe: tools.unsafe,
    safe,
    others,

    async takeBack(id) {
      const row = await database.transaction('rw', database.studies, async () => {
        const study = await database.studies.get(id);
        if (!study || study.sending || nextUploadState(study.state, 'taken-back') === null) return null;
        await database.studies.update(id, { state: 'taken-back', title: null, waiting: null, completedAt: tools.now() });
        return study;
      });
      if (row === null) return false;
      const own = await onlyOf(database, id);
      await dropContents(database, id);
      if (row.uploadId !== null) await tools.withdraw(row.uploadId, own).catch(() => undefined);
      return true;
    },

    async retry(id) {
      const study = await database.studies.get(id);
      const state = study && nextUploadState(study.state, 'retry');
      if (!study || !state) return;
      const instances = (await undecided(id)).filter((row) => mayBeRetried(row.state, row.reason));
      if (study.uploadId !== null && instances.length > 0) await tools.decide(study.uploadId, 'retry', instances.map(toKey));
      await changeInstances(id, new Set(instances.map(keyOf)), 'safe', null);
      await database.studies.update(id, { state, problem: null, waiting: null, trouble: null, counts: null, departed: 0, acknowledged: 0, sending: false });
      tools.wake();
    },

    async tryNow(id) {
      await database.studies.update(id, { trouble: null });
      tools.wake();
    },

    async leaveOut(id, instances) {
      const study = await database.studies.get(id);
      if (!study) return;
      const named = instances === undefined ? null : new Set(instances.map(keyOf));
      const chosen = (await undecided(id)).filter((row) => named === null || named.has(keyOf(row)));
      const quarantined = chosen.filter((row) => row.state === 'quarantined');
      if (study.uploadId !== null && chosen.length > 0) await tools.decide(study.uploadId, 'leave-out', chosen.map(toKey));
      await changeInstances(id, new Set(chosen.map(keyOf)), 'left-out', 'left-out');
      // What the PACS refused for good needs no further word of the gateway; what was in quarantine gets a new receipt.
      if (quarantined.length === 0 && (await undecided(id)).length === 0) await finish(database, id, tools.now());
      tools.wake();
    },

    async dismiss(id) {
      const study = await database.studies.get(id);
      if (!study) return;
      const isOver = study.state === 'done' || study.state === 'taken-back' || study.state === 'failed' || study.waiting === 'interrupted';
      if (!isOver) return;
      const own = study.state === 'failed' ? await onlyOf(database, id) : [];
      await dropStudy(database, id);
      // What the gateway refused half-way it still waits for: what has not arrived there will not come.
      if (study.state === 'failed' && study.uploadId !== null) await tools.withdraw(study.uploadId, own).catch(() => undefined);
    },

    async receiptOf(id) {
      const receipts = await database.receipts.where('studyId').equals(id).sortBy('issuedAt');
      return receipts.at(-1) ?? null;
    },

    async instancesOf(id) {
      return (await database.instances.where('studyId').equals(id).sortBy('position')).map(
        ({ sopInstanceUID, digest, seriesInstanceUID, sopClassUID, bytes, state, reason }) =>
          ({ sopInstanceUID, digest, seriesInstanceUID, sopClassUID, bytes, state, reason }));
    },

    close() {
      stopWatching();
      subscription.unsubscribe();
    },
  };
}

function safeIn({ safe, onTheWay }: Track): number {
  return safe + onTheWay;
}

/** What is still being written is not safe yet, and what was taken back is gone. */
function isKept(state: UploadState): boolean {
  return state !== 'reading' && state !== 'taken-back';
}

function toKey({ sopInstanceUID, digest }: InstanceKey): InstanceKey {
  return { sopInstanceUID, digest };
}

/** The instances of this study that no other one in the queue has as well. */
async function onlyOf(database: LocalDatabase, id: string): Promise<InstanceKey[]> {
  const others = new Set<string>();
  const own = new Map<string, InstanceKey>();
  await database.instances.each((row) => void (row.studyId === id ? own.set(keyOf(row), toKey(row)) : others.add(keyOf(row))));
  return [...own].filter(([key]) => !others.has(key)).map(([, instance]) => instance);
}

async function finish(database: LocalDatabase, id: string, at: number): Promise<void> {
  const study = await database.studies.get(id);
  const state = study && nextUploadState(study.state, 'evicted');
  if (!state) return;
  await database.studies.update(id, { state, title: null, completedAt: at });
  for (const parcel of await database.parcels.where('studyId').equals(id).toArray()) {
    await database.records.where('parcelId').equals(parcel.id).delete();
    await database.parcels.delete(parcel.id);
  }
}

async function openTitle(key: CryptoKey, id: string, sealed: Uint8Array<ArrayBuffer>): Promise<StudyTitle> {
  return JSON.parse(new TextDecoder().decode(await open(key, sealed, `title/${id}`))) as StudyTitle;
}

async function readSnapshot(database: LocalDatabase): Promise<Snapshot> {
  const studies = await database.studies.orderBy('queuedAt').toArray();
  const reasons: [string, { refused: ReasonCount[]; quarantined: ReasonCount[] }][] = [];
  for (const study of studies) {
    const hasSome = study.state === 'attention' || (study.counts?.refused ?? 0) + (study.counts?.quarantined ?? 0) > 0;
    if (hasSome) reasons.push([study.id, await countReasons(database, study.id)]);
  }
  return { studies, reasons: new Map(reasons), link: await knownLink(database) };
}

async function countReasons(database: LocalDatabase, id: string): Promise<{ refused: ReasonCount[]; quarantined: ReasonCount[] }> {
  const rows = await database.instances.where('studyId').equals(id).filter((row) => row.state === 'refused' || row.state === 'quarantined').toArray();
  const count = (state: InstanceState): ReasonCount[] => {
    const byReason = new Map<string, number>();
    for (const row of rows) if (row.state === state) byReason.set(row.reason ?? 'pacs-refused', (byReason.get(row.reason ?? 'pacs-refused') ?? 0) + 1);
    return [...byReason].map(([reason, instances]) => ({ reason, instances }));
  };
  return { refused: count('refused'), quarantined: count('quarantined') };
}

/**
 * The four places of INTERFACE.md. The device counts what left and what the gateway acknowledged; the gateway, a parcel later, what it has
 * verified, and what became of it.
 */
export function trackOf(row: Pick<StudyRow, 'instances' | 'departed' | 'acknowledged' | 'counts' | 'state'>): Track {
  const counts = row.counts ?? { atGateway: 0, inPacs: 0, refused: 0, quarantined: 0, leftOut: 0 };
  // The gateway counts the study of all devices; here it cannot be more than was queued here.
  const elsewhere = Math.min(row.instances, counts.refused + counts.quarantined + counts.leftOut);
  const inPacs = row.state === 'done' ? row.instances - Math.min(row.instances, counts.refused + counts.leftOut) : Math.min(counts.inPacs, row.instances - elsewhere);
  const settled = Math.min(row.instances, inPacs + elsewhere);
  const there = Math.max(counts.atGateway, (row.acknowledged ?? 0) - settled);
  const atGateway = row.state === 'done' ? 0 : Math.min(there, row.instances - settled);
  const arrived = settled + atGateway;
  const onTheWay = Math.max(0, Math.min(row.departed, row.instances) - arrived);
  return { safe: row.instances - arrived - onTheWay, onTheWay, atGateway, inPacs };
}

