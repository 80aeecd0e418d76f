/**
 * What the uploader asks of a queue. Two keep it: the page's (IndexedDB, encrypted: instance-queue.ts) and
 * the command line's (the files where they lie: scripts/relay). Every call is one step that is done as a
 * whole or not at all, and may be repeated.
 */
import type { UploadStatus } from '#shared/protocol/api.ts';
import type { Manifest, ManifestAnswer } from '#shared/protocol/manifest.ts';
import type { ProblemCode } from '#shared/protocol/problem-table.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import type { InstanceState } from '#shared/protocol/study-state.ts';
import type { UploadState } from '#shared/protocol/upload-state.ts';
import type { Trouble, Waiting } from './queued-study.ts';

/** How both sides name an instance: the UID alone is not enough, a conflict is two digests under one UID. */
export interface InstanceKey {
  readonly sopInstanceUID: string;
  readonly digest: string;
}

export function keyOf(instance: InstanceKey): string {
  return `${instance.sopInstanceUID} ${instance.digest}`;
}

/** What the gateway holds against an instance, as a state; the receipt may know better. */
export function stateOfConflict(reason: string): InstanceState {
  if (reason === 'conflicting-instance') return 'quarantined';
  return reason === 'left-out' ? 'left-out' : 'refused';
}

/** A part of the copy on this device is gone, or was changed: it cannot be sent from here. */
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
  /** The gateway's, once it was announced. */
  readonly uploadId: string | null;
  /** The receipt that was checked last: a newer one is waited for. */
  readonly receiptId: string | null;
  /** Why the last attempt failed; null again when a person asks for the next one at once. */
  readonly trouble: Trouble | null;
  /**
   * Grows when a person changes what is to be done (tries again, leaves out, cancels): what is under way is
   * ended and starts over.
   */
  readonly turn: number;
}

/** One parcel as it goes over tus. */
export interface ParcelToSend {
  /** The device's name for it, a UUID: a creation repeated under it finds the same tus upload. */
  readonly id: string;
  readonly bytes: number;
  readonly instances: number;
  /** The tus upload made for it, if any. */
  readonly location: string | null;
  /**
   * Which key of the gateway opens it, and the encapsulated key in base64; null: in the clear, each piece
   * with its checksum.
   */
  readonly seal: { readonly keyId: string; readonly enc: string } | null;
  /** `length` bytes from `offset`, in a buffer of their own: whoever sends them gives it back. */
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
   * Studies with something to do, first what goes first, without what is paused. What is no longer named here
   * is ended at once, within a piece.
   */
  pending(): Promise<readonly QueuedUpload[]>;
  manifestOf(id: string): Promise<Manifest>;
  /** The gateway's answer to the manifest. False when the study was taken back meanwhile. */
  announced(id: string, answer: ManifestAnswer): Promise<boolean>;
  /**
   * Parcels that together hold all of `need`, and as little else as can be: those that are stored first,
   * those still being packed as they come; it ends when all of `need` was given. Throws CopyUnreadable, after
   * everything that can be read was given.
   */
  parcelsFor(id: string, need: readonly InstanceKey[]): AsyncIterable<ParcelToSend>;
  /** False when the study was taken back before its first byte left: nothing may be sent. */
  beginSending(id: string): Promise<boolean>;
  parcelCreated(id: string, parcelId: string, location: string): Promise<void>;
  /** The gateway does not know the tus upload any more. */
  parcelForgotten(id: string, parcelId: string): Promise<void>;
  /**
   * Bytes of a parcel that the gateway has acknowledged, and that have left with the piece under way; called
   * often, kept at leisure.
   */
  parcelProgress(id: string, parcelId: string, acknowledged: number, left: number): void;
  parcelSent(id: string, parcelId: string): Promise<void>;
  allSent(id: string): Promise<void>;
  parcelsLost(id: string, missing: readonly InstanceKey[]): Promise<void>;
  /** What the gateway says of the study, for the track. */
  report(id: string, status: Omit<UploadStatus, 'instances'>): Promise<void>;
  waiting(id: string, because: Waiting): Promise<void>;
  /** The attempt failed on this device, and will be repeated. */
  troubled(id: string, trouble: Trouble): Promise<void>;
  /** The gateway refuses the whole study. */
  refused(id: string, code: ProblemCode): Promise<void>;
  /** Deletes what the receipt says the PACS holds; keeps the receipt and what a person must decide about. */
  settle(id: string, checked: CheckedReceipt): Promise<void>;
}
