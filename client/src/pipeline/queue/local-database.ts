/**
 * The device's database and its ladder of versions. The one door to Dexie, with instance-queue.ts. Identifying values stand in it as
 * AES-GCM ciphertext only: parcels in `records`, titles in `studies.title`; UIDs, digests, sizes and states stand in the clear.
 */
import { Dexie, type EntityTable, type Table } from 'dexie';
import type { Counts } from '#shared/protocol/api.ts';
import type { ProblemCode } from '#shared/protocol/problem.ts';
import type { InstanceState } from '#shared/protocol/study-state.ts';
import type { UploadState } from '#shared/protocol/upload-state.ts';
import type { KeptReceipt, StudyAbout, Trouble, Waiting } from './queued.ts';

/** AES-GCM: 12 bytes of initialisation vector, ciphertext, 16 bytes of tag. */
export type Sealed = Uint8Array<ArrayBuffer>;

export interface StudyRow {
  readonly id: string;
  readonly queuedAt: number;
  state: UploadState;
  readonly policy: { readonly name: string; readonly version: number; readonly deidentify: boolean };
  /** The account that queued it and alone sends it. Rows without (queued by nobody known, or by an earlier version) are whoever's signs in first. */
  account?: string | null;
  /** As sent; null until the first instance is packed. */
  studyInstanceUID: string | null;
  /** A StudyTitle as JSON; null once erased. */
  title: Sealed | null;
  /** Says nothing of a person, so it stays after completion; rows of earlier versions of the page lack it. */
  readonly about?: StudyAbout;
  instances: number;
  bytes: number;
  uploadId: string | null;
  /** True from the first byte on: it can no longer be taken back. */
  sending: boolean;
  /** Bytes that have left since the study was announced last, pieces under way included. */
  sentBytes: number;
  /** Bytes that had to travel then, after the gateway said what it has. */
  neededBytes: number;
  /** Instances of which a byte has left, or that the gateway had before. */
  departed: number;
  /** Instances whose last byte the gateway has acknowledged, or that it had before; rows of earlier versions lack it. */
  acknowledged?: number;
  /** What the gateway last said. */
  counts: Counts | null;
  waiting: Waiting;
  problem: ProblemCode | null;
  /** What went wrong on this device; rows of earlier versions lack it. */
  trouble?: Trouble | null;
  /** Grows when a person changes what is to be done; rows of earlier versions lack it. */
  turn?: number;
  receiptId: string | null;
  completedAt: number | null;
}

export interface InstanceRow {
  readonly studyId: string;
  /** In the order of the files that were chosen. */
  readonly position: number;
  readonly parcelId: string;
  readonly sopInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopClassUID: string;
  readonly transferSyntaxUID: string;
  readonly bytes: number;
  readonly digest: string;
  readonly originalDigest?: string;
  state: 'safe' | 'sent' | InstanceState;
  reason: string | null;
}

export interface ParcelRow {
  readonly id: string;
  readonly studyId: string;
  readonly bytes: number;
  readonly instances: number;
  state: 'waiting' | 'sent';
  location: string | null;
}

export interface RecordRow {
  readonly parcelId: string;
  readonly position: number;
  readonly sealed: Sealed;
}

/** Things of the device itself: its key, the policy it last heard of, the link as the leading tab sees it, the account that was here last. */
export interface DeviceRow {
  readonly name: 'key' | 'policies' | 'link' | 'account';
  readonly value: unknown;
}

export interface LocalDatabase extends Dexie {
  studies: EntityTable<StudyRow, 'id'>;
  instances: Table<InstanceRow, [string, number]>;
  parcels: EntityTable<ParcelRow, 'id'>;
  records: Table<RecordRow, [string, number]>;
  receipts: EntityTable<KeptReceipt, 'id'>;
  device: EntityTable<DeviceRow, 'name'>;
}

interface Rung {
  readonly version: number;
  readonly because: string;
  /** Dexie's notation: primary key first, then indexes; null drops a table. */
  readonly stores: Readonly<Record<string, string | null>>;
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
];

export interface DatabaseTools {
  readonly name?: string;
  /** Given by tests; the browser's own else. */
  readonly indexedDB?: IDBFactory;
  readonly IDBKeyRange?: typeof IDBKeyRange;
}

/** The database, opened on first use. Throws from any call when the browser gives none (private window, no room). */
export function openLocalDatabase(tools: DatabaseTools = {}): LocalDatabase {
  const own = tools.indexedDB && tools.IDBKeyRange ? { indexedDB: tools.indexedDB, IDBKeyRange: tools.IDBKeyRange } : {};
  // "strict" durability: a transaction is done when the bytes are on the disk, which is what "safe on this device" says.
  const database = new Dexie(tools.name ?? 'relaypacs', { ...own, chromeTransactionDurability: 'strict' }) as LocalDatabase;
  for (const rung of LADDER) database.version(rung.version).stores({ ...rung.stores });
  return database;
}
