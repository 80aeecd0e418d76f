/**
 * The device's database. It holds identifying values only as ciphertext: parcels in `records`, sealed to the
 * gateway's key so that nothing on this device can open them again, and titles in `studies.title`, under the device's
 * own key. UIDs, digests, sizes and states are in the clear.
 */
import { Dexie, type EntityTable, type Table } from 'dexie';
import type { Reasons } from '../count-reasons.ts';
import type { Counts } from '#shared/protocol/api.ts';
import type { VaultEntry } from '#shared/protocol/vault.ts';
import type { WireReport } from '#shared/protocol/deid-report.ts';
import type { Withheld } from '#shared/protocol/withheld.ts';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import type { ProblemCode } from '#shared/protocol/problem-table.ts';
import type { InstanceState } from '#shared/protocol/study-state.ts';
import type { SendingReason } from '#shared/protocol/sending-reason.ts';
import type { UploadState } from '#shared/protocol/upload-state.ts';
import type {
  KeptReceipt,
  ReasonCount,
  StudyAbout,
  ToldSince,
  Trouble,
  UnreadFiles,
  Waiting,
} from '../queued-study.ts';
import type { FilmFault } from '../film-faults.ts';
import { LADDER, type Rung } from './schema-ladder.ts';

/**
 * Under the device's key: 12 bytes of initialisation vector, the ciphertext and 16 bytes of tag (AES-GCM). Sealed to
 * the gateway: one record made by shared/src/transfer/seal.ts, sent unchanged.
 */
export type Sealed = Uint8Array<ArrayBuffer>;

/** The local label (local-label.ts), and when its shift ends, in milliseconds since 1970. */
export interface Label {
  readonly sealed: Sealed;
  readonly until: number;
}

export interface StudyRow {
  readonly id: string;
  readonly queuedAt: number;
  state: UploadState;
  /** True once every instance has its row: the study may be announced. */
  named: boolean;
  /** True while some bytes are not in this database. The study is not safe here then, whatever its state. */
  packing: boolean;
  readonly policy: {
    readonly name: string;
    readonly version: number;
    readonly deidentify: boolean;
    /** Why names are kept; absent if the policy does not ask for a reason. */
    readonly reason?: SendingReason;
  };
  /**
   * The account that queued the study, which alone sends it. null: nobody was signed in, so the study belongs to the
   * first person who signs in.
   */
  account: string | null;
  /**
   * The site of the gateway that the study is meant for, taken from the signed-in person. Another gateway cannot open
   * the study. null: nobody was signed in.
   */
  readonly site: string | null;
  /** The UID as sent; null until the first instance is named. */
  studyInstanceUID: string | null;
  /** A StudyTitle as JSON; null once erased. */
  title: Sealed | null;
  /** Kept longer than the title. Absent once erased, and where the site wants no labels. */
  label?: Label;
  /** Identifies no one, so it stays after completion. */
  readonly about: StudyAbout;
  /** The mark of its Study Instance UID in the files (mark-of-study.ts). */
  readonly mark?: number;
  /** The study's patients, as PatientMarks (patient-marks.ts). */
  readonly patients?: Sealed;
  /** The number of instances that a person chose: those with a row and those held back. */
  chosen: number;
  /** Files of the same choice that a person left unread. Absent if there are none. */
  readonly leftUnread?: UnreadFiles;
  /** The number of instances with a row, which will be sent. */
  instances: number;
  bytes: number;
  /** Instances whose bytes are in this database; meaningful only while `packing`. */
  packed: number;
  uploadId: string | null;
  /**
   * True if bytes of the study may be at the gateway: once the first byte has left, or once the gateway was asked to
   * send what it had left out. It is never cleared: from then on the study is cancelled rather than taken back.
   */
  hasLeft?: true;
  /** When the first byte left, in milliseconds since 1970. Absent until then. */
  sentAt?: number;
  /** Uploads of the accounts from which the study was taken over. The gateway may have parts of it under them. */
  formerUploads?: readonly string[];
  /** True if the study was cancelled and one of `formerUploads` could not be left out. */
  mayStillArrive?: true;
  /** When the study was last written to a file for a stick, in milliseconds since 1970. */
  savedToStickAt?: number;
  /** Bytes that have left since the last announcement, including pieces in transit. */
  sentBytes: number;
  /** Bytes that had to be sent at the last announcement, after the gateway said which instances it has. */
  neededBytes: number;
  /** Instances that have begun to leave, or that the gateway already had. */
  departed: number;
  /** Instances whose last byte the gateway has acknowledged, or that it already had. */
  acknowledged: number;
  /** The gateway's last counts. */
  counts: Counts | null;
  waiting: Waiting;
  /** Names of the required destinations that the study waits for. Absent if the gateway names none. */
  waitsFor?: readonly string[] | undefined;
  problem: ProblemCode | null;
  /**
   * Refused or quarantined instances, by reason. They are stored here so that the screen need not count thousands of
   * rows at every step.
   */
  reasons: Reasons;
  /**
   * Chosen instances that are not sent: held on this device for a person, left out by one, or damaged. `sealed` lists
   * them (keep-held.ts); absent if there are none.
   */
  held: {
    readonly reasons: readonly ReasonCount[];
    readonly leftOut: number;
    /** Instances of `leftOut` by cause, without those whose cause is `left-out`. */
    readonly because?: Withheld;
    /** Instances of `leftOut` that are damaged. A good copy of their files may still be sent. */
    readonly damaged?: number;
    readonly sealed?: Sealed;
  };
  /** True if a person has decided about withheld instances and no receipt says so yet. */
  untold?: true | undefined;
  /**
   * While the study is packed: what will remain in earlier entries after it takes the instances that were chosen
   * again.
   */
  leaves?: readonly { readonly id: string; readonly withheld: Withheld }[];
  /** Paused by a person: nothing is sent until the study is resumed. */
  paused: boolean;
  /** True if a person cancelled the study and the gateway has not confirmed that yet. It stays paused until then. */
  cancelling?: true | undefined;
  /**
   * True if a person resumed the study after cancelling it, or chose it again. The next announcement then asks for
   * the instances that the gateway has left out.
   */
  resumed?: true | undefined;
  /** Set by a person. Lower ranks go first, and before all studies without a rank. */
  rank: number | null;
  /**
   * The triage score, 0 to 1, if it reached the model's threshold. Higher scores go first. null: triage does not move
   * the study.
   */
  score: number | null;
  /** Open warnings about films that may have to be repeated. Absent if there are none. */
  film?: readonly FilmFault[];
  /** The failure on this device that ended the last attempt. */
  trouble: Trouble | null;
  /** Incremented when a person retries, leaves out or cancels. */
  turn: number;
  /** How many of the REPORTS_CHARACTERS_LIMIT characters its reports use; absent if it has none. */
  reportCharacters?: number;
  /** The sealed identities of its patients, for the vault. Absent if there are none, and once the study is done. */
  vault?: readonly VaultEntry[] | undefined;
  receiptId: string | null;
  /** Required destinations that were given up without receiving the study. Absent if the receipt names none. */
  givenUpAt?: readonly string[] | undefined;
  completedAt: number | null;
  /** The news about the study that was already shown to somebody (take-news.ts). */
  told?: 'arrived' | 'needs-you' | undefined;
  /** True if a person removed it from the list. It may be put back. */
  removed?: true;
  /** Keys of a cancelled study's instances, 32 bits each. Absent unless all of them had rows. */
  keys?: Uint32Array<ArrayBuffer> | undefined;
  /**
   * The ids of cancelled sends of the same study whose instances are all contained in this one. Absent until the
   * study is named.
   */
  holds?: readonly string[];
  /** The gateway's last report on a study since it was cancelled. Absent until there is one. */
  toldSince?: ToldSince;
  /** How many of its unsent instances a person has taken off the list of such files. Absent: none. */
  noted?: number;
}

export interface InstanceRow {
  readonly studyId: string;
  /** The position in the order of the chosen files. */
  readonly position: number;
  /** The parcel that holds its bytes. null: not packed yet, or not needed because the PACS has the instance. */
  parcelId: string | null;
  readonly sopInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopClassUID: string;
  readonly transferSyntaxUID: string;
  readonly bytes: number;
  readonly digest: string;
  readonly originalDigest?: string;
  /** The digest of its de-identification report. */
  readonly report?: string;
  state: 'safe' | 'sent' | InstanceState;
  reason: string | null;
  /** The Failure or Warning Reason of the PACS, as in the receipt. */
  pacsCode?: number | null;
  /** The further destination that did not take it. Absent or null: it was the first one, or the gateway. */
  destination?: string | null;
  /**
   * True if the instance was not stored because the PACS has other content under its UID. It counts as being in the
   * PACS, unless another instance of the study is already counted for this UID.
   */
  stands?: true | undefined;
  /** True if the PACS had the instance when the study was announced. No copy is kept here. */
  inPacs?: boolean;
  /** The size of the instance in the parcel in bytes, if it was coded. */
  codedBytes?: number;
  /**
   * The findings of the models on this device. For a plain film that no model examined, only its population. Absent
   * otherwise.
   */
  triage?: DeviceTriage;
  /** True if a person covered parts of the image, so that it is sent with other pixels than the file has. */
  isCovered?: true;
  /**
   * Tag paths of its texts that a person has released although they repeat values which identify somebody in other
   * instances of the study, or has read although the PACS already had the instance. Absent if there are none.
   */
  textsSeen?: readonly string[];
}

export interface ParcelRow {
  readonly id: string;
  readonly studyId: string;
  /** The size of the sealed parcel, as it is sent. */
  readonly bytes: number;
  readonly instances: number;
  state: 'waiting' | 'sent';
  location: string | null;
  /** The gateway key that opens it, and the encapsulated key in base64. */
  readonly seal: { readonly keyId: string; readonly enc: string };
}

/**
 * How the instances of a study were de-identified. Each distinct report is stored once, since most instances share
 * one. It holds tag paths and codes, no values.
 */
export interface ReportRow extends WireReport {
  readonly studyId: string;
}

/** An instance that was named but will not be sent. The next announcement tells the gateway. */
interface WithdrawalRow {
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
 * The device's own rows: its key, the key pair to which keys of policies are wrapped, the last known policies and
 * sealing key, the connection as the leading tab sees it, the last account and how its person left, the speed of the
 * connection and of the coding (bytes per second), the database's name, when the person signed in, each account's
 * right to send, its verdicts, steps of reviews and decisions about images that were not sent (unsent.ts), choices
 * that were not sent (kept-choices.ts), and the connections over which it sends (wifi-terms.ts).
 */
export interface DeviceRow {
  readonly name:
    | 'key'
    | 'wrapping-pair'
    | 'policies'
    | 'link'
    | 'account'
    | 'left'
    | 'link-rate'
    | 'diagnosis'
    | 'coding-rate'
    | 'origin'
    | 'clock'
    | 'shift'
    | 'wifi'
    | 'disc-doubt'
    | `right/${string}`
    | `choice/${string}`
    | `verdict/${string}/${string}`
    | `step/${string}/${string}`
    | `draft/${string}/${string}`
    | `decision/${string}/${string}`;
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

interface DatabaseTools {
  readonly name?: string;
  /** Passed by tests; the browser's own by default. */
  readonly indexedDB?: IDBFactory;
  readonly IDBKeyRange?: typeof IDBKeyRange;
  readonly ladder?: readonly Rung[];
}

/**
 * The database, opened on first use. Every call throws if the browser provides none (private window, full
 * disk).
 */
export function openLocalDatabase(tools: DatabaseTools = {}): LocalDatabase {
  const own =
    tools.indexedDB && tools.IDBKeyRange
      ? { indexedDB: tools.indexedDB, IDBKeyRange: tools.IDBKeyRange }
      : {};
  // On localhost Dexie would record a stack trace for each promise, which costs more than the database itself.
  Dexie.debug = false;
  // "strict" durability: a transaction completes only when its bytes are on the disk, which "safe on this device"
  // requires.
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
