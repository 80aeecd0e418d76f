/**
 * The queue that the uploader needs. It has two implementations: the page's (IndexedDB, encrypted:
 * instance-queue.ts) and the command line's (files in place: scripts/relay). Every call is atomic and may be
 * repeated.
 */
import type { UploadStatus } from '#shared/protocol/api.ts';
import type { Manifest, ManifestAnswer } from '#shared/protocol/manifest.ts';
import type { ProblemCode } from '#shared/protocol/problem-table.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import type { InstanceState } from '#shared/protocol/study-state.ts';
import type { UploadState } from '#shared/protocol/upload-state.ts';
import type { Trouble, Waiting } from './queued-study.ts';

/** How both sides name an instance. The UID alone is not enough: a conflict is two digests under one UID. */
export interface InstanceKey {
  readonly sopInstanceUID: string;
  readonly digest: string;
}

export function keyOf(instance: InstanceKey): string {
  return `${instance.sopInstanceUID} ${instance.digest}`;
}

/** The reason of an instance whose identifier another one had first. */
export const CONFLICT = 'conflicting-instance';

/** The state of an instance that the gateway did not accept; the receipt may override it. */
export function stateOfConflict(reason: string): InstanceState {
  if (reason === CONFLICT || reason === 'already-here-other-key') return 'quarantined';
  return reason === 'left-out' ? 'left-out' : 'refused';
}

/** A part of the copy on this device is missing or damaged, so it cannot be sent from here. */
export class CopyUnreadable extends Error {
  constructor(cause: unknown) {
    super('a part of a queued study cannot be read', { cause });
    this.name = 'CopyUnreadable';
  }
}

export interface QueuedUpload {
  /** The device's own name for it. */
  readonly id: string;
  readonly state: UploadState;
  /** The gateway's, once announced. */
  readonly uploadId: string | null;
  /** The last checked receipt: the uploader waits for a newer one. */
  readonly receiptId: string | null;
  /** Why the last attempt failed; reset to null when a person asks to retry at once. */
  readonly trouble: Trouble | null;
  /**
   * Incremented when a person retries, leaves out or cancels: the work under way is stopped and starts over.
   */
  readonly turn: number;
  /** Withheld instances of the study were decided about since; the gateway is told, and signs a new receipt. */
  readonly isUntold?: boolean;
}

/** A parcel as sent over tus. */
export interface ParcelToSend {
  /** The device's name for it, a UUID: repeating the creation under it finds the same tus upload. */
  readonly id: string;
  readonly bytes: number;
  readonly instances: number;
  /** The tus upload made for it, if any. */
  readonly location: string | null;
  /**
   * The gateway key that opens it, and the encapsulated key in base64; null: in the clear, each piece with
   * its checksum.
   */
  readonly seal: { readonly keyId: string; readonly enc: string } | null;
  /** Reads `length` bytes from `offset` into their own buffer, which the sender may consume. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * A receipt whose signature, study, instances and Merkle root were checked. Made by accept-receipt.ts only.
 */
export interface CheckedReceipt {
  readonly jws: string;
  readonly receipt: Receipt;
}

export interface UploadQueue {
  /**
   * The studies that have something to do, in sending order, without paused ones. Work on a study that is no
   * longer listed stops within one piece.
   */
  pending(): Promise<readonly QueuedUpload[]>;
  manifestOf(id: string): Promise<Manifest>;
  /** Stores the gateway's answer to the manifest. False when the study was taken back meanwhile. */
  announced(id: string, answer: ManifestAnswer): Promise<boolean>;
  /**
   * Parcels that together hold all of `need` and as little else as possible: stored ones first, then those
   * still being packed as they come. Ends when all of `need` has been given. Throws CopyUnreadable after
   * giving everything that can be read.
   */
  parcelsFor(id: string, need: readonly InstanceKey[]): AsyncIterable<ParcelToSend>;
  /** False when the study was taken back before its first byte left: then nothing may be sent. */
  beginSending(id: string): Promise<boolean>;
  parcelCreated(id: string, parcelId: string, location: string): Promise<void>;
  /** The gateway no longer knows the tus upload. */
  parcelForgotten(id: string, parcelId: string): Promise<void>;
  /**
   * The bytes of a parcel that the gateway has acknowledged, and those that have left with the current piece.
   * Called often; may be stored with a delay.
   */
  parcelProgress(id: string, parcelId: string, acknowledged: number, left: number): void;
  parcelSent(id: string, parcelId: string): Promise<void>;
  allSent(id: string): Promise<void>;
  parcelsLost(id: string, missing: readonly InstanceKey[]): Promise<void>;
  /** The gateway's counts of the study, for the track. */
  report(id: string, status: Omit<UploadStatus, 'instances'>): Promise<void>;
  waiting(id: string, because: Waiting): Promise<void>;
  /** The attempt failed on this device and will be repeated. */
  troubled(id: string, trouble: Trouble): Promise<void>;
  /** The gateway refuses the whole study. */
  refused(id: string, code: ProblemCode): Promise<void>;
  /**
   * Deletes the copies of the instances that are in the PACS according to the receipt. Keeps the receipt and
   * the instances that need a decision.
   */
  settle(id: string, checked: CheckedReceipt): Promise<void>;
}
