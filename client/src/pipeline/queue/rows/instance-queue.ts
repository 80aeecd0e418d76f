/**
 * The page's queue for the uploader, over IndexedDB. Each call is one transaction. An instance's bytes are deleted
 * only in `settle`, which accepts only a receipt whose signature was checked.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { nextUploadState, type UploadEvent } from '#shared/protocol/upload-state.ts';
import { createProgress } from '../progress.ts';
import { compareForSending } from '../sending-order.ts';
import { keyOf, type InstanceKey, type QueuedUpload, type UploadQueue } from '../upload-queue.ts';
import { buildManifest } from './build-manifest.ts';
import { giveParcels } from './give-parcels.ts';
import { instancesOf, putInstances, recountReasons } from './instance-rows.ts';
import type { InstanceRow, LocalDatabase, StudyRow } from './local-database.ts';
import { noteAnnouncement, type AnnouncementTools } from './note-announcement.ts';
import { settleStudy } from './settle-study.ts';
import { knownWifiTerms, waitsForWifi } from './wifi-terms.ts';
import { isUntold } from './withheld-of.ts';

export interface InstanceQueueTools extends AnnouncementTools {
  readonly database: LocalDatabase;
  /** Only studies that this account queued are sent under its name. */
  readonly account: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether the link is metered now (net/metered.ts). */
  readonly isMetered: () => boolean;
  /** Resolves when no tab is packing the study any more. */
  readonly packerGone: (studyId: string) => Promise<void>;
}

export function createInstanceQueue(tools: InstanceQueueTools): UploadQueue {
  const { database, now } = tools;
  const progress = createProgress((id, numbers) => database.studies.update(id, { ...numbers }), now);
  return {
    ...queueForStudies(tools),
    parcelsFor: (id, need) => giveParcels({ database, progress, packerGone: tools.packerGone }, id, need),
    async parcelCreated(_id, parcelId, location) {
      await database.parcels.update(parcelId, { location });
    },
    async parcelForgotten(_id, parcelId) {
      await database.parcels.update(parcelId, { location: null });
    },
    parcelProgress: progress.note,
    async parcelSent(id, parcelId) {
      await noteParcelSent(database, parcelId);
      await ignoreFailure(progress.write(id), 'only a number on the screen');
    },
  };
}

type ForParcels = 'parcelsFor' | 'parcelCreated' | 'parcelForgotten' | 'parcelProgress' | 'parcelSent';

function queueForStudies(tools: InstanceQueueTools): Omit<UploadQueue, ForParcels> {
  const { database, now } = tools;
  return {
    pending: () => pendingOf(tools),
    manifestOf: (id) => buildManifest(database, id),
    announced: (id, answer) => noteAnnouncement(tools, id, answer),
    beginSending: (id) =>
      change(database, id, 'started', ({ sentAt = now() }) => ({ hasLeft: true, sentAt })),
    async allSent(id) {
      await change(database, id, 'all-sent', () => ({ waiting: null }));
    },
    async parcelsLost(id, missing) {
      await keepForSending(database, id, missing);
      await change(database, id, 'parcels-lost', () => ({ departed: 0, acknowledged: 0, counts: null }));
    },
    async report(id, status) {
      await note(database, id, (row) => {
        row.counts = status.counts;
        row.waiting = status.waiting?.because ?? null;
        row.waitsFor = status.waiting?.destinations;
        // A study that is being followed was sent completely. Only `settle` clears a faulty receipt.
        if (row.trouble !== 'receipt-faulty') row.trouble = null;
      });
    },
    async waiting(id, because) {
      const study = await database.studies.get(id);
      if (!study || study.waiting === because) return;
      await note(database, id, (row) => {
        row.waiting = because;
      });
    },
    troubled: (id, trouble) =>
      note(database, id, (row) => {
        row.trouble = trouble;
      }),
    async refused(id, code) {
      await change(database, id, 'refused', () => ({ problem: code, waiting: null, trouble: null }));
      await database.studies.filter((row) => row.id === id && isUntold(row)).modify({ untold: undefined });
    },
    settle: (id, checked) => settleStudy(database, tools.now, id, checked),
  };
}

async function pendingOf(tools: InstanceQueueTools): Promise<readonly QueuedUpload[]> {
  const { database, account, isMetered } = tools;
  const rows = await database.studies.toArray();
  const terms = await knownWifiTerms(database);
  return rows
    .filter((study) => study.account === account && hasWork(study))
    .filter((study) => !waitsForWifi(terms, isMetered(), study))
    .sort(compareForSending)
    .map(({ id, state, uploadId, receiptId, trouble, turn, untold }) => ({
      id,
      state,
      uploadId,
      receiptId,
      trouble,
      turn,
      ...(untold && { isUntold: true }),
    }));
}

const WORTH_WORK = new Set(['safe', 'uploading', 'at-gateway', 'attention']);

/**
 * Whether the uploader has something to do for the study. A paused study is not sent, but a completely sent one is
 * followed even if paused.
 */
export function hasWork(study: StudyRow): boolean {
  const { state, named, waiting, paused } = study;
  if (waiting === 'interrupted') return false;
  if (isUntold(study)) return true;
  if (state === 'reading') return named && !paused;
  return WORTH_WORK.has(state) && !(paused && (state === 'safe' || state === 'uploading'));
}

/** False if the event changes nothing. An interrupted study stays interrupted until it is chosen again. */
function change(
  database: LocalDatabase,
  id: string,
  event: UploadEvent,
  also: (study: StudyRow) => Partial<StudyRow>,
): Promise<boolean> {
  return database.transaction('rw', database.studies, async () => {
    const study = await database.studies.get(id);
    const state = study && study.waiting !== 'interrupted' && nextUploadState(study.state, event);
    if (!state) return false;
    await database.studies.update(id, { ...also(study), state });
    return true;
  });
}

/** Does the same for notes that are not events. Nothing is noted for a study that has ended. */
async function note(database: LocalDatabase, id: string, work: (row: StudyRow) => void): Promise<void> {
  await database.studies
    .where('id')
    .equals(id)
    .modify((row) => {
      if (row.waiting !== 'interrupted' && row.state !== 'done' && row.state !== 'taken-back') work(row);
    });
}

async function noteParcelSent(database: LocalDatabase, parcelId: string): Promise<void> {
  await database.transaction('rw', database.parcels, database.instances, async () => {
    await database.parcels.update(parcelId, { state: 'sent' });
    await database.instances
      .where('parcelId')
      .equals(parcelId)
      .and((row) => row.state === 'safe')
      .modify({ state: 'sent' });
  });
}

/** The gateway lost these parcels, so the only copy is here. */
async function keepForSending(
  database: LocalDatabase,
  id: string,
  missing: readonly InstanceKey[],
): Promise<void> {
  const lost = new Set(missing.map(keyOf));
  await database.transaction('rw', database.instances, database.studies, async () => {
    const rows = (await instancesOf(database, id)).filter((row) => lost.has(keyOf(row)));
    await putInstances(
      database,
      rows.map((row): InstanceRow => ({ ...row, state: 'safe', reason: null, inPacs: false })),
    );
    await recountReasons(database, id);
  });
}
