/**
 * A record of the studies that wait on this device, outside its database: a browser that needs room clears a
 * site's storage without a word, and the queue with it. It holds each study's UID as it is sent, its
 * modalities, its number of instances and when it was queued; nothing that names anybody. Pure but for
 * `keepWaitingRecord`, which keeps it (localStorage).
 */
import type { UploadStatus } from '#shared/protocol/api.ts';
import type { StudyRow } from './rows/local-database.ts';
import type { LostStudy } from './queued-study.ts';

type Owned = { readonly account: string | null };
export type WaitingEntry = Omit<LostStudy, 'rememberedBy' | 'queuedAt'> &
  Owned & { readonly queuedAt: number };
export type LostEntry = LostStudy & Owned;

export interface WaitingRecord {
  /**
   * Which database it was written for: each one has a random name of its own. null: nothing was written yet.
   */
  readonly origin: string | null;
  readonly waiting: readonly WaitingEntry[];
  readonly lost: readonly LostEntry[];
  /**
   * Accounts for which the gateway was asked what it waits for: once for each in this browser, in case this
   * list was cleared too.
   */
  readonly asked: readonly string[];
}

export const EMPTY_RECORD: WaitingRecord = { origin: null, waiting: [], lost: [], asked: [] };

/** A study that was called safe here and whose end nobody has confirmed. */
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
 * The list after a look into the database `origin`: what another database held and this one lacks is lost;
 * what was chosen again, all of it, is not.
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

/** The same after the gateway was asked by `account`: of what it still waits for, what is not here. */
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

/** Instances that were promised and have not come. */
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

/** A study of one account is one upload at the gateway. */
function nameOf({
  studyInstanceUID,
  account,
}: {
  readonly studyInstanceUID: string | null;
  readonly account: string | null;
}): string {
  return `${studyInstanceUID} ${account}`;
}

/** The same study, lost twice, is named once. */
function distinct(lost: readonly LostEntry[]): LostEntry[] {
  return [...new Map(lost.map((entry) => [nameOf(entry), entry])).values()];
}

/** What of localStorage is used. */
export type RecordPlace = Pick<Storage, 'getItem' | 'setItem'>;

const NAME = 'relaypacs-waiting';

export interface KeptRecord {
  read(): WaitingRecord;
  /** Changes what is kept now, in one step that no other tab comes between. */
  change(how: (record: WaitingRecord) => WaitingRecord): WaitingRecord;
}

/**
 * A place that cannot be read or written is one without a list: nothing depends on it but naming what was
 * lost.
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
        // Full, or not allowed.
      }
      return after;
    },
  };
}
