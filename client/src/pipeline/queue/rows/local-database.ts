/**
 * The device's database. It holds identifying values only as ciphertext: parcels in `records`, sealed to the
 * gateway's key, so that nothing on this device can open them again; titles in `studies.title`, under the
 * device's own key. UIDs, digests, sizes and states are in the clear.
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
 * Under the device's key: 12 bytes of initialisation vector, ciphertext, 16 bytes of tag (AES-GCM). Sealed to
 * the gateway: one record made by shared/src/transfer/seal.ts, sent as it is.
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
  /** Every instance has its row: the study may be announced. */
  named: boolean;
  /** Not every byte is in this database yet: it is not safe here, regardless of the state. */
  packing: boolean;
  readonly policy: {
    readonly name: string;
    readonly version: number;
    readonly deidentify: boolean;
    /** Why names are kept; absent where the policy does not ask. */
    readonly reason?: SendingReason;
  };
  /**
   * The account that queued it and alone sends it. null: queued while nobody was signed in; it belongs to the
   * first person who signs in.
   */
  account: string | null;
  /**
   * The gateway that it is meant for, by the site of the person who was signed in; another one cannot open it.
   * null: nobody was.
   */
  readonly site: string | null;
  /** The UID as sent; null until the first instance is named. */
  studyInstanceUID: string | null;
  /** A StudyTitle as JSON; null once erased. */
  title: Sealed | null;
  /** Outlives the title; absent once erased, and where the site wants none. */
  label?: Label;
  /** Identifies no one, so it stays after completion. */
  readonly about: StudyAbout;
  /** The mark of its Study Instance UID in the files (mark-of-study.ts). */
  readonly mark?: number;
  /** The study's patients, as PatientMarks (patient-marks.ts). */
  readonly patients?: Sealed;
  /** Every instance that a person chose for it: those with a row and those held back. */
  chosen: number;
  /** Files that were chosen with it, and that a person left out unread. Absent unless so. */
  readonly leftUnread?: UnreadFiles;
  /** Instances with a row: they travel. */
  instances: number;
  bytes: number;
  /** Instances whose bytes are in this database; meaningful only while `packing`. */
  packed: number;
  uploadId: string | null;
  /**
   * Bytes of it may be at the gateway: from the first one on, and once the gateway was asked for what it had left out.
   * Nothing clears it: the study is no longer taken back, but cancelled. Absent unless so.
   */
  hasLeft?: true;
  /** When the first byte of it left, in milliseconds since 1970. Absent until then. */
  sentAt?: number;
  /** Uploads of accounts from which it was taken over. The gateway may have parts of it under them. */
  formerUploads?: readonly string[];
  /** The study was cancelled, and one of `formerUploads` could not be left out. Absent unless so. */
  mayStillArrive?: true;
  /** When it was last written to a file for a stick, in milliseconds since 1970. */
  savedToStickAt?: number;
  /** Bytes that have left since the study was last announced, including pieces under way. */
  sentBytes: number;
  /** Bytes that had to be sent then, after the gateway said which instances it has. */
  neededBytes: number;
  /** Instances of which a byte has left, or that the gateway already had. */
  departed: number;
  /** Instances whose last byte the gateway has acknowledged, or that it already had. */
  acknowledged: number;
  /** The gateway's last counts. */
  counts: Counts | null;
  waiting: Waiting;
  /** Names of the required destinations that the study waits for. Absent where the gateway names none. */
  waitsFor?: readonly string[] | undefined;
  problem: ProblemCode | null;
  /**
   * Refused or quarantined instances, by reason. Stored here so that the screen does not count thousands of
   * rows at every step.
   */
  reasons: Reasons;
  /**
   * Chosen instances that do not travel: held on this device for a person, left out by one, or damaged. `sealed` says
   * which they are (keep-held.ts); absent where none is.
   */
  held: {
    readonly reasons: readonly ReasonCount[];
    readonly leftOut: number;
    /** Instances of `leftOut` by cause; those of the cause `left-out` are not among them. */
    readonly because?: Withheld;
    /** Instances of `leftOut` that are damaged: a good copy of their files may follow. */
    readonly damaged?: number;
    readonly sealed?: Sealed;
  };
  /** A person has decided about withheld instances, and no receipt says so yet. Absent unless so. */
  untold?: true | undefined;
  /** While it is packed: what it will leave of earlier entries, from which it takes what was chosen again. */
  leaves?: readonly { readonly id: string; readonly withheld: Withheld }[];
  /** Paused by a person: nothing of it is sent until it is resumed. */
  paused: boolean;
  /** A person cancelled it, and the gateway has not confirmed that yet; it is paused until then. Absent unless so. */
  cancelling?: true | undefined;
  /**
   * A person resumed it after its cancelling was asked for, or chose it again: what the gateway has left out is asked
   * for again with the next announcement. Absent unless so.
   */
  resumed?: true | undefined;
  /** Set by a person: the lower goes first, and before all studies without a rank. */
  rank: number | null;
  /**
   * The triage score, 0 to 1, if it reached the model's threshold: the higher goes first. null: triage does
   * not move it.
   */
  score: number | null;
  /** Open warnings about films, which may have to be taken again. Absent if there are none. */
  film?: readonly FilmFault[];
  /** The failure on this device that ended the last attempt. */
  trouble: Trouble | null;
  /** Incremented when a person retries, leaves out or cancels. */
  turn: number;
  /** Characters of REPORTS_CHARACTERS_LIMIT that its reports take; absent where it has none. */
  reportCharacters?: number;
  /** The sealed identities of its patients, for the vault; absent where there are none, and once it is done. */
  vault?: readonly VaultEntry[] | undefined;
  receiptId: string | null;
  /** Destinations that must have it, and were given up without it. Absent unless the receipt says so. */
  givenUpAt?: readonly string[] | undefined;
  completedAt: number | null;
  /** The news of it that somebody has taken (take-news.ts). */
  told?: 'arrived' | 'needs-you' | undefined;
  /** Removed from the list by a person, who may put it back. Absent unless so. */
  removed?: true;
  /** Keys of a cancelled study's instances, 32 bits for each. Absent unless all of them had their rows. */
  keys?: Uint32Array<ArrayBuffer> | undefined;
  /** Cancelled sends of the same study of which it has every instance, by their ids. Absent until it is named. */
  holds?: readonly string[];
  /** The gateway's last account of a study since it was cancelled. Absent until there is one. */
  toldSince?: ToldSince;
  /** So many instances that are not sent a person has taken off the list of such files. Absent: none. */
  noted?: number;
}

export interface InstanceRow {
  readonly studyId: string;
  /** In the order of the chosen files. */
  readonly position: number;
  /** The parcel that holds its bytes; null: not packed yet, or not needed because the PACS has it. */
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
  /** Failure or Warning Reason of the PACS, as the receipt names it. */
  pacsCode?: number | null;
  /** The further destination that did not take it; absent or null: the first one, or the gateway. */
  destination?: string | null;
  /**
   * It was not stored, and the PACS has another content under its UID: the instance counts as being there. Not where
   * another one of the study counts already for this UID.
   */
  stands?: true | undefined;
  /** In the PACS when the study was announced: no copy is kept here. */
  inPacs?: boolean;
  /** Bytes of the instance in the parcel, if it was coded. */
  codedBytes?: number;
  /**
   * The findings of the models on this device; for a plain film that no model examined, only its population.
   * Absent otherwise.
   */
  triage?: DeviceTriage;
  /** A person covered parts of its image: it is sent with other pixels than the file has. */
  isCovered?: true;
  /**
   * Where its texts are (paths of tags) that a person has released although they name what companions name, or has
   * read once the PACS had it. Absent where there are none.
   */
  textsSeen?: readonly string[];
}

export interface ParcelRow {
  readonly id: string;
  readonly studyId: string;
  /** Sealed, as it is sent. */
  readonly bytes: number;
  readonly instances: number;
  state: 'waiting' | 'sent';
  location: string | null;
  /** The gateway key that opens it, and the encapsulated key in base64. */
  readonly seal: { readonly keyId: string; readonly enc: string };
}

/**
 * How the instances of a study were de-identified, each distinct report once, since most instances share one.
 * It holds tag paths and codes, no values.
 */
export interface ReportRow extends WireReport {
  readonly studyId: string;
}

/** An instance that was named and will not be sent; the next announcement tells the gateway. */
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
 * The device's own rows: its key, the key pair to which keys of policies are wrapped, the last known policies
 * and sealing key, the link as the leading tab sees it, the last account, how its person left, the speed of the
 * link and of the coding (bytes per second), the database's name, when the person signed in, each account's right
 * to send, its verdicts, steps of reviews and decisions about images that were not sent (unsent.ts), choices that
 * were not sent (kept-choices.ts), and the links on which it sends (wifi-terms.ts).
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
  /** Passed by tests; by default the browser's own. */
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
  // On localhost Dexie would record a stack trace for each promise, which costs more than the database
  // itself.
  Dexie.debug = false;
  // "strict" durability: a transaction completes only when the bytes are on the disk, as "safe on this
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
