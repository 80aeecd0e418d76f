/**
 * A record of the studies that wait on this device, kept outside its database: a browser that runs out of
 * space silently clears a site's storage, and the queue with it. It holds each study's UID as sent, its
 * modalities, number of instances and queuing time; nothing that identifies anyone. Pure except for
 * `keepWaitingRecord`, which stores it (localStorage).
 */
import type { UploadStatus } from '#shared/protocol/api.ts';
import type { StudyRow } from './rows/local-database.ts';
import type { LostStudy } from './queued-study.ts';

type Owned = { readonly account: string | null };
type WaitingEntry = Omit<LostStudy, 'rememberedBy' | 'queuedAt'> & Owned & { readonly queuedAt: number };
type LostEntry = LostStudy & Owned;

interface WaitingRecord {
  /** The random name of the database that the record was written for. null: nothing written yet. */
  readonly origin: string | null;
  readonly waiting: readonly WaitingEntry[];
  readonly lost: readonly LostEntry[];
  /**
   * Accounts for which the gateway was already asked about the studies that it waits for. Each is asked about once in
   * this browser, in case this list was cleared too.
   */
  readonly asked: readonly string[];
}

const EMPTY_RECORD: WaitingRecord = { origin: null, waiting: [], lost: [], asked: [] };

/** Whether a study was called safe here and is not confirmed yet. */
function isWaiting({ packing, state, waiting }: StudyRow): boolean {
  return !packing && waiting !== 'interrupted' && state !== 'done' && state !== 'taken-back';
}

function toEntry({ id, studyInstanceUID, about, instances, queuedAt, account }: StudyRow): WaitingEntry {
  return {
    id,
    studyInstanceUID: studyInstanceUID ?? '',
    modalities: about.modalities,
    instances,
    queuedAt,
    account,
  };
}

/**
 * The record after reading the database `origin`. A study that another database held and this one lacks is lost,
 * unless all of it was chosen again.
 */
export function compareWithDatabase(
  kept: WaitingRecord,
  origin: string,
  studies: readonly StudyRow[],
): WaitingRecord {
  const isOther = kept.origin !== null && kept.origin !== origin;
  const gone = isOther ? kept.waiting.map((entry): LostEntry => ({ ...entry, rememberedBy: 'device' })) : [];
  const here = new Map(
    studies
      .filter(({ waiting, state }) => waiting !== 'interrupted' && state !== 'taken-back')
      .map((row) => [nameOf(row), row.instances]),
  );
  const lost = [...kept.lost, ...gone].filter((entry) => (here.get(nameOf(entry)) ?? 0) < entry.instances);
  return {
    origin,
    waiting: studies.filter(isWaiting).map(toEntry),
    lost: distinct(lost),
    asked: isOther ? [] : kept.asked,
  };
}

/**
 * The record after asking the gateway for `account`: adds studies that the gateway still waits for and that are not
 * here.
 */
export function compareWithGateway(
  kept: WaitingRecord,
  account: string,
  uploads: readonly UploadStatus[],
  here: readonly StudyRow[],
): WaitingRecord {
  const known = new Set([...here, ...kept.lost].map(nameOf));
  const unfinished = uploads.filter(
    (upload) => missingOf(upload) > 0 && !known.has(nameOf({ ...upload, account })),
  );
  const found = unfinished.map(
    (upload): LostEntry => ({
      id: upload.uploadId,
      studyInstanceUID: upload.studyInstanceUID,
      modalities: [],
      instances: missingOf(upload),
      queuedAt: null,
      rememberedBy: 'gateway',
      account,
    }),
  );
  return { ...kept, lost: distinct([...kept.lost, ...found]), asked: [...new Set([...kept.asked, account])] };
}

/** Instances that were promised and have not arrived. */
function missingOf({ state, counts }: UploadStatus): number {
  return state === 'receiving'
    ? counts.promised -
        counts.atGateway -
        counts.inPacs -
        counts.refused -
        counts.quarantined -
        counts.leftOut
    : 0;
}

/** Names a study by UID and account, because the studies of one account under one UID are one upload at the gateway. */
function nameOf({
  studyInstanceUID,
  account,
}: {
  readonly studyInstanceUID: string | null;
  readonly account: string | null;
}): string {
  return `${studyInstanceUID} ${account}`;
}

/** A study that was lost twice is listed once. */
function distinct(lost: readonly LostEntry[]): LostEntry[] {
  return [...new Map(lost.map((entry) => [nameOf(entry), entry])).values()];
}

/** The parts of localStorage used here. */
export type RecordPlace = Pick<Storage, 'getItem' | 'setItem'>;

const NAME = 'relaypacs-waiting';

interface KeptRecord {
  read(): WaitingRecord;
  /** Changes the stored record atomically across tabs. */
  change(how: (record: WaitingRecord) => WaitingRecord): WaitingRecord;
}

/**
 * Storage that cannot be read or written counts as an empty list, because only the names of lost studies depend on
 * it.
 */
export function keepWaitingRecord(place: RecordPlace): KeptRecord {
  function read(): WaitingRecord {
    try {
      return (JSON.parse(place.getItem(NAME) ?? 'null') as WaitingRecord | null) ?? EMPTY_RECORD;
    } catch {
      return EMPTY_RECORD;
    }
  }
  return {
    read,
    change(how) {
      const before = read();
      const after = how(before);
      try {
        if (JSON.stringify(after) !== JSON.stringify(before)) place.setItem(NAME, JSON.stringify(after));
      } catch {
        // The storage is full, or not allowed.
      }
      return after;
    },
  };
}
