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

/** How both sides name an instance. The UID alone is not enough, because a conflict means two digests under one UID. */
export interface InstanceKey {
  readonly sopInstanceUID: string;
  readonly digest: string;
}

export function keyOf(instance: InstanceKey): string {
  return `${instance.sopInstanceUID} ${instance.digest}`;
}

/** The reason of an instance whose identifier was already taken by another one. */
export const CONFLICT = 'conflicting-instance';

/** The state of an instance that the gateway did not accept. The receipt may override it. */
export function stateOfConflict(reason: string): InstanceState {
  if (reason === CONFLICT || reason === 'already-here-other-key') return 'quarantined';
  return reason === 'left-out' ? 'left-out' : 'refused';
}

/** Thrown when a part of the copy on this device is missing or damaged, so that it cannot be sent from here. */
export class CopyUnreadable extends Error {
  constructor(cause: unknown) {
    super('a part of a queued study cannot be read', { cause });
    this.name = 'CopyUnreadable';
  }
}

export interface QueuedUpload {
  /** The device's own name for the study. */
  readonly id: string;
  readonly state: UploadState;
  /** The gateway's name for the upload, once announced. */
  readonly uploadId: string | null;
  /** The id of the last checked receipt; the uploader waits for a newer one. */
  readonly receiptId: string | null;
  /** Why the last attempt failed; reset to null when a person asks for an immediate retry. */
  readonly trouble: Trouble | null;
  /**
   * Incremented when a person retries, leaves out or cancels. The current work on the study is then stopped and
   * started over.
   */
  readonly turn: number;
  /** Whether a person has since decided about withheld instances. The gateway is told, and signs a new receipt. */
  readonly isUntold?: boolean;
}

/** A parcel as sent over tus. */
export interface ParcelToSend {
  /** The device's name for the parcel, a UUID. Creating it again under this name finds the same tus upload. */
  readonly id: string;
  readonly bytes: number;
  readonly instances: number;
  /** The tus upload that was created for the parcel, if any. */
  readonly location: string | null;
  /**
   * The gateway key that opens the parcel, and the encapsulated key in base64. null: the parcel is sent in the clear,
   * with a checksum for each piece.
   */
  readonly seal: { readonly keyId: string; readonly enc: string } | null;
  /** Reads `length` bytes from `offset` into a buffer of its own, which the sender may consume. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A receipt whose signature, study, instances and Merkle root were checked. Only accept-receipt.ts creates it. */
export interface CheckedReceipt {
  readonly jws: string;
  readonly receipt: Receipt;
}

export interface UploadQueue {
  /**
   * The studies that have something to do, in sending order, without paused ones. When a study is no longer listed,
   * work on it stops within one piece.
   */
  pending(): Promise<readonly QueuedUpload[]>;
  manifestOf(id: string): Promise<Manifest>;
  /** Stores the gateway's answer to the manifest. False if the study was taken back meanwhile. */
  announced(id: string, answer: ManifestAnswer): Promise<boolean>;
  /**
   * Parcels that together hold all of `need` and as little else as possible: first stored ones, then those still
   * being packed, as they are finished. Ends when all of `need` has been given. Throws CopyUnreadable after giving
   * every readable parcel.
   */
  parcelsFor(id: string, need: readonly InstanceKey[]): AsyncIterable<ParcelToSend>;
  /** False if the study was taken back before its first byte left. Nothing may be sent then. */
  beginSending(id: string): Promise<boolean>;
  parcelCreated(id: string, parcelId: string, location: string): Promise<void>;
  /** The gateway no longer knows the tus upload. */
  parcelForgotten(id: string, parcelId: string): Promise<void>;
  /**
   * Notes the bytes of a parcel that the gateway has acknowledged, and those that have left with the current piece.
   * Called often, so it may be stored with a delay.
   */
  parcelProgress(id: string, parcelId: string, acknowledged: number, left: number): void;
  parcelSent(id: string, parcelId: string): Promise<void>;
  allSent(id: string): Promise<void>;
  parcelsLost(id: string, missing: readonly InstanceKey[]): Promise<void>;
  /** Stores the gateway's counts of the study, for the track. */
  report(id: string, status: Omit<UploadStatus, 'instances'>): Promise<void>;
  waiting(id: string, because: Waiting): Promise<void>;
  /** The attempt failed on this device and will be repeated. */
  troubled(id: string, trouble: Trouble): Promise<void>;
  /** The gateway refuses the whole study. */
  refused(id: string, code: ProblemCode): Promise<void>;
  /**
   * Deletes the copies of the instances that the receipt names as being in the PACS. Keeps the receipt and the
   * instances that need a decision.
   */
  settle(id: string, checked: CheckedReceipt): Promise<void>;
}
