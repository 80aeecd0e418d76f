/**
 * The device's database and its ladder of versions. Identifying values stand in it as ciphertext only:
 * parcels in `records`, sealed to the gateway's key, so that nothing on this device opens them again; titles
 * in `studies.title`, under the device's own key. UIDs, digests, sizes and states stand in the clear.
 */
import { Dexie, type EntityTable, type Table, type Transaction } from 'dexie';
import { countReasons, type Reasons } from '../count-reasons.ts';
import type { Counts } from '#shared/protocol/api.ts';
import type { WireReport } from '#shared/protocol/deid-report.ts';
import type { DeviceTriage, FilmFinding } from '#shared/protocol/inference.ts';
import type { ProblemCode } from '#shared/protocol/problem-table.ts';
import type { InstanceState } from '#shared/protocol/study-state.ts';
import type { UploadState } from '#shared/protocol/upload-state.ts';
import type { KeptReceipt, StudyAbout, Trouble, Waiting } from '../queued-study.ts';

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
   * The account that queued it and alone sends it. Rows without (queued by nobody known, or by an earlier
   * version) are whoever's signs in first.
   */
  account?: string | null;
  /** As sent; null until the first instance is named. */
  studyInstanceUID: string | null;
  /** A StudyTitle as JSON; null once erased. */
  title: Sealed | null;
  /** Says nothing of a person, so it stays after completion; rows of earlier versions of the page lack it. */
  readonly about?: StudyAbout;
  instances: number;
  bytes: number;
  /** Instances whose bytes are in this database; tells only while `packing`. */
  packed: number;
  uploadId: string | null;
  /** True from the first byte on: it can no longer be taken back. */
  sending: boolean;
  /** Bytes that have left since the study was announced last, pieces under way included. */
  sentBytes: number;
  /** Bytes that had to travel then, after the gateway said what it has. */
  neededBytes: number;
  /** Instances of which a byte has left, or that the gateway had before. */
  departed: number;
  /**
   * Instances whose last byte the gateway has acknowledged, or that it had before; rows of earlier versions
   * lack it.
   */
  acknowledged?: number;
  /** What the gateway last said. */
  counts: Counts | null;
  waiting: Waiting;
  problem: ProblemCode | null;
  /**
   * Instances that were refused or are held, by reason: kept here, so that the screen need not count
   * thousands of rows at every step.
   */
  reasons: Reasons;
  /** A person set it aside: nothing of it is sent until it is taken up again. */
  paused: boolean;
  /** Set by hand: the lower goes first, and before all that have none. */
  rank: number | null;
  /**
   * From triage, 0 to 1, where it reached the model's threshold: the higher goes first. null: nothing moves
   * it from its place.
   */
  score: number | null;
  /**
   * What the models noticed on films that nobody has set aside: they may have to be taken again. Absent where
   * there is none.
   */
  film?: readonly FilmFinding[];
  /** What went wrong on this device; rows of earlier versions lack it. */
  trouble?: Trouble | null;
  /** Grows when a person changes what is to be done; rows of earlier versions lack it. */
  turn?: number;
  /** What the lists of its reports take of REPORTS_CHARACTERS_LIMIT; absent where it has none. */
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
   * What the models on this device said of it; of a plain film at which none looked, or not yet, its
   * population alone. Absent else, and in rows of earlier versions.
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
  /**
   * The gateway's key that opens it, and the encapsulated key in base64. null: of version 1, under the
   * device's key; it travels in the clear.
   */
  seal: { readonly keyId: string; readonly enc: string } | null;
}

/**
 * What was done to instances of a study, each distinct report once: most of them have the same. Paths of tags
 * and codes, no values.
 */
export interface ReportRow extends WireReport {
  readonly studyId: string;
}

/** An instance that was named and will not come: the gateway is told with the next announcement. */
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
 * Things of the device itself: its key, the pair to which the project key is wrapped, the policies and the
 * sealing key it last heard of, the link as the leading tab sees it, the account that was here last, how fast
 * the link and the coding are (bytes a second), which database this is, and the right to send of each
 * account.
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

interface Rung {
  readonly version: number;
  readonly because: string;
  /** Dexie's notation: primary key first, then indexes; null drops a table. */
  readonly stores: Readonly<Record<string, string | null>>;
  /** Brings the rows of the version below up here, inside the upgrade's own transaction. */
  readonly climb?: (transaction: Transaction) => Promise<void>;
}

/** Climbed from the bottom by every device; rungs are added, never changed. */
export const LADDER: readonly Rung[] = [
  {
    version: 1,
    because: 'the first one',
    stores: {
      studies: 'id, queuedAt',
      instances: '[studyId+position], studyId, parcelId',
      parcels: 'id, studyId',
      records: '[parcelId+position], parcelId',
      receipts: 'id, studyId',
      device: 'name',
    },
  },
  {
    version: 2,
    because:
      'studies are named before they are packed, parcels are sealed to the gateway, and a person may change the order',
    stores: { withdrawals: '[studyId+sopInstanceUID+digest], studyId' },
    climb: fromVersionOne,
  },
  {
    version: 3,
    because: 'the gateway is told what was done to each instance; of what was named before, nobody remembers',
    stores: { reports: '[studyId+digest], studyId' },
  },
];

/**
 * Parcels stay under the device's key and travel in the clear, as they would have; a study that was being
 * written ends as interrupted.
 */
async function fromVersionOne(transaction: Transaction): Promise<void> {
  await transaction.table<ParcelRow>('parcels').toCollection().modify({ seal: null });
  for (const study of await transaction.table<StudyRow>('studies').toArray()) {
    const mayHaveSome =
      study.state === 'attention' || (study.counts?.refused ?? 0) + (study.counts?.quarantined ?? 0) > 0;
    const instances = mayHaveSome
      ? await transaction.table<InstanceRow>('instances').where('studyId').equals(study.id).toArray()
      : [];
    const isReading = study.state === 'reading';
    await transaction.table<StudyRow>('studies').update(study.id, {
      named: !isReading,
      packing: isReading,
      paused: false,
      rank: null,
      score: null,
      packed: study.instances,
      reasons: countReasons(instances),
    });
  }
}

export interface DatabaseTools {
  readonly name?: string;
  /** Given by tests; the browser's own else. */
  readonly indexedDB?: IDBFactory;
  readonly IDBKeyRange?: typeof IDBKeyRange;
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
  // On the loopback Dexie would note where each promise was made, which costs more than the database does.
  Dexie.debug = false;
  // "strict" durability: a transaction is done when the bytes are on the disk, which is what "safe on this
  // device" says.
  const database = new Dexie(tools.name ?? 'relaypacs', {
    ...own,
    chromeTransactionDurability: 'strict',
  }) as LocalDatabase;
  for (const { version, stores, climb } of LADDER) {
    const rung = database.version(version).stores({ ...stores });
    if (climb) rung.upgrade(climb);
  }
  return database;
}
