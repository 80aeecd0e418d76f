/**
 * The device's database. Identifying values are in it as ciphertext only: parcels in `records`, sealed to the
 * gateway's key, so that nothing on this device can open them again; titles in `studies.title`, under the
 * device's own key. UIDs, digests, sizes and states are in the clear.
 */
import { Dexie, type EntityTable, type Table } from 'dexie';
import type { Reasons } from '../count-reasons.ts';
import type { Counts } from '#shared/protocol/api.ts';
import type { WireReport } from '#shared/protocol/deid-report.ts';
import type { DeviceTriage, FilmFinding } from '#shared/protocol/inference.ts';
import type { ProblemCode } from '#shared/protocol/problem-table.ts';
import type { InstanceState } from '#shared/protocol/study-state.ts';
import type { UploadState } from '#shared/protocol/upload-state.ts';
import type { KeptReceipt, StudyAbout, Trouble, Waiting } from '../queued-study.ts';
import { LADDER, type Rung } from './schema-ladder.ts';

/**
 * Under the device's key: 12 bytes of initialisation vector, ciphertext, 16 bytes of tag (AES-GCM). Sealed to
 * the gateway: one record as shared/src/transfer/seal.ts makes it, which is what travels.
 */
export type Sealed = Uint8Array<ArrayBuffer>;

export interface StudyRow {
  readonly id: string;
  readonly queuedAt: number;
  state: UploadState;
  /** Every instance has its row: the study may be announced. */
  named: boolean;
  /** Not every byte is in this database yet: it is not safe here, whatever the state. */
  packing: boolean;
  readonly policy: { readonly name: string; readonly version: number; readonly deidentify: boolean };
  /**
   * The account that queued it and alone sends it. null: queued while nobody was known; it belongs to the
   * first person who signs in.
   */
  account: string | null;
  /** As sent; null until the first instance is named. */
  studyInstanceUID: string | null;
  /** A StudyTitle as JSON; null once erased. */
  title: Sealed | null;
  /** Says nothing of a person, so it stays after completion. */
  readonly about: StudyAbout;
  instances: number;
  bytes: number;
  /** Instances whose bytes are in this database; meaningful only while `packing`. */
  packed: number;
  uploadId: string | null;
  /** True from the first byte on: it can no longer be taken back. */
  sending: boolean;
  /** Bytes that have left since the study was last announced, pieces under way included. */
  sentBytes: number;
  /** Bytes that had to travel then, after the gateway said what it has. */
  neededBytes: number;
  /** Instances of which a byte has left, or that the gateway had before. */
  departed: number;
  /** Instances whose last byte the gateway has acknowledged, or that it had before. */
  acknowledged: number;
  /** As the gateway last counted. */
  counts: Counts | null;
  waiting: Waiting;
  problem: ProblemCode | null;
  /**
   * Instances that were refused or are held, by reason: kept here, so that the screen need not count
   * thousands of rows at every step.
   */
  reasons: Reasons;
  /** A person set it aside: nothing of it is sent until it is resumed. */
  paused: boolean;
  /** Set by hand: the lower goes first, and before all studies that have none. */
  rank: number | null;
  /**
   * From triage, 0 to 1, where it reached the model's threshold: the higher goes first. null: triage does not
   * move it.
   */
  score: number | null;
  /**
   * Findings on films that nobody has set aside: the films may have to be taken again. Absent where there are
   * none.
   */
  film?: readonly FilmFinding[];
  /** The failure on this device that ended the last attempt. */
  trouble: Trouble | null;
  /** Grows when a person changes what is to be done. */
  turn: number;
  /** Characters of REPORTS_CHARACTERS_LIMIT that its reports take; absent where it has none. */
  reportCharacters?: number;
  receiptId: string | null;
  completedAt: number | null;
}

export interface InstanceRow {
  readonly studyId: string;
  /** In the order of the files that were chosen. */
  readonly position: number;
  /** The parcel that holds its bytes; null: not packed yet, or not packed at all because the PACS has it. */
  parcelId: string | null;
  readonly sopInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopClassUID: string;
  readonly transferSyntaxUID: string;
  readonly bytes: number;
  readonly digest: string;
  readonly originalDigest?: string;
  /** The digest of the report that says what was done to it. */
  readonly report?: string;
  state: 'safe' | 'sent' | InstanceState;
  reason: string | null;
  /** Seen in the PACS when the study was announced: no copy of it is kept here. */
  inPacs?: boolean;
  /** Bytes that it takes in its parcel, where it was coded. */
  codedBytes?: number;
  /**
   * The findings of the models on this device; of a plain film at which no model has looked, its population
   * alone. Absent otherwise.
   */
  triage?: DeviceTriage;
}

export interface ParcelRow {
  readonly id: string;
  readonly studyId: string;
  /** As it travels: sealed. */
  readonly bytes: number;
  readonly instances: number;
  state: 'waiting' | 'sent';
  location: string | null;
  /** The gateway's key that opens it, and the encapsulated key in base64. */
  readonly seal: { readonly keyId: string; readonly enc: string };
}

/**
 * How instances of a study were de-identified, each distinct report once: most instances share one. Paths of
 * tags and codes, no values.
 */
export interface ReportRow extends WireReport {
  readonly studyId: string;
}

/** An instance that was named and will not be sent: the gateway is told with the next announcement. */
export interface WithdrawalRow {
  readonly studyId: string;
  readonly sopInstanceUID: string;
  readonly digest: string;
}

export interface RecordRow {
  readonly parcelId: string;
  readonly position: number;
  readonly sealed: Sealed;
}

/**
 * Belongs to the device itself: its key, the pair to which the project key is wrapped, the policies and the
 * sealing key it last heard of, the link as the leading tab sees it, the account that was here last, the
 * speed of the link and of the coding (bytes a second), which database this is, and each account's right to
 * send.
 */
export interface DeviceRow {
  readonly name:
    | 'key'
    | 'project-pair'
    | 'policies'
    | 'link'
    | 'account'
    | 'link-rate'
    | 'diagnosis'
    | 'coding-rate'
    | 'origin'
    | 'clock'
    | `right/${string}`;
  readonly value: unknown;
}

export interface LocalDatabase extends Dexie {
  studies: EntityTable<StudyRow, 'id'>;
  instances: Table<InstanceRow, [string, number]>;
  parcels: EntityTable<ParcelRow, 'id'>;
  records: Table<RecordRow, [string, number]>;
  withdrawals: Table<WithdrawalRow, [string, string, string]>;
  reports: Table<ReportRow, [string, string]>;
  receipts: EntityTable<KeptReceipt, 'id'>;
  device: EntityTable<DeviceRow, 'name'>;
}

export interface DatabaseTools {
  readonly name?: string;
  /** Given by tests; otherwise the browser's own. */
  readonly indexedDB?: IDBFactory;
  readonly IDBKeyRange?: typeof IDBKeyRange;
  readonly ladder?: readonly Rung[];
}

/**
 * The database, opened on first use. Throws from any call when the browser gives none (private window, no
 * room).
 */
export function openLocalDatabase(tools: DatabaseTools = {}): LocalDatabase {
  const own =
    tools.indexedDB && tools.IDBKeyRange
      ? { indexedDB: tools.indexedDB, IDBKeyRange: tools.IDBKeyRange }
      : {};
  // On the loopback Dexie would record where each promise was made, which costs more than the database does.
  Dexie.debug = false;
  // "strict" durability: a transaction is done when the bytes are on the disk, which is what "safe on this
  // device" promises.
  const database = new Dexie(tools.name ?? 'relaypacs', {
    ...own,
    chromeTransactionDurability: 'strict',
  }) as LocalDatabase;
  for (const { version, stores, climb } of tools.ladder ?? LADDER) {
    const rung = database.version(version).stores({ ...stores });
    if (climb) rung.upgrade(climb);
  }
  return database;
}
