/**
 * The tables of clients that are not ours. As in tables.ts, columns hold UIDs, digests and codes. One exception: the
 * Study Instance UID in an address of STOW-RS is the original one, and is deleted when the file is opened.
 */
import type { ColumnType, Generated, RawBuilder } from 'kysely';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import type { GivingUpReason } from '#shared/protocol/dimse-peer.ts';
import type { SendingReason } from '#shared/protocol/sending-reason.ts';
import type { WithheldCause } from '#shared/protocol/withheld.ts';

/** A file that another client sends as it lies on its disk, or the body of a STOW-RS request. */
export type SentFileTable = {
  id: string;
  site_id: string;
  account_id: string;
  /** The device with whose right it was sent; null: it was sent by a signed-in person, or with an API key. */
  device_id: string | null;
  /** The API key with which it was sent. */
  key_id: string | null;
  /** The DIMSE peer that sends it. What the peer was told is stored is handed over, however its association ends. */
  peer_id: ColumnType<string | null, string | null | undefined, never>;
  /** The peer's AE Title, copied because an administrator may delete the peer while the file is still here. */
  ae_title: ColumnType<string | null, string | null | undefined, never>;
  /** When the peer's latest instance was stored. */
  came_at: ColumnType<Date | null, undefined, Date>;
  /** `FileForm` (pipeline/stores/sent-file.store.ts). */
  form: ColumnType<unknown, string, string>;
  policy_name: string;
  policy_version: number;
  /** Why it is sent with names; null: no reason was given, and the policy asks for none. */
  reason: SendingReason | null;
  /** Null: its length was not announced. */
  bytes: number | null;
  /**
   * `received`: the file waits to be opened. `opened`: its bytes are deleted, but those of a peer's file stay until the
   * PACS has its instances, or an administrator has given them up (foreign/transfers/transfer.store.ts).
   */
  state: 'receiving' | 'received' | 'opened';
  /** A key for this file only, made like a study's; null once destroyed. */
  wrapped_key: Uint8Array | null;
  /**
   * How often opening it was started without reaching an end, for a reason that may be the file's. Counted before it
   * starts; there is a limit.
   */
  runs: Generated<number>;
  /** Patients in the file that already count towards the account's daily limit. */
  patients: Generated<number>;
  /** The positions of entries that ended their thread; these are not opened again. */
  fatal: Generated<number[]>;
  /** Why none, or no more, of it was taken. */
  problem: AnyProblemCode | null;
  /** `FileEntry[]`. File names are not stored, because they may contain patients' names. */
  entries: ColumnType<unknown, string | undefined, string>;
  /** Since when part of a peer's file is not on its way to the PACS, so that an administrator has to decide. */
  held_at: ColumnType<Date | null, undefined, Date | null>;
  /** Why an administrator gave up the unread part of a peer's file. */
  given_up: ColumnType<GivingUpReason | null, undefined, GivingUpReason | null>;
  created_at: ColumnType<Date, Date | undefined, never>;
  expires_at: Date;
};

/**
 * An instance of a script or modality that was not taken (foreign/transfers/withheld.store.ts). UIDs are those
 * after the policy.
 */
type WithheldInstanceTable = {
  site_id: string;
  account_id: string;
  study_instance_uid: string;
  sop_instance_uid: string;
  cause: WithheldCause;
  reason: string;
  /**
   * True: the modality was told at once that the instance is not taken, so it still has it, and its bytes are not here.
   */
  told: boolean;
  /** The newest file that contained it. */
  file_id: string;
};

/**
 * A modality or PACS that may send by C-STORE. It is recognised by its AE title and its addresses, and acts for an
 * account.
 */
export type DimsePeerTable = {
  id: string;
  site_id: string;
  /** Its name, as an administrator wrote it. */
  name: string;
  ae_title: string;
  /** Single addresses, or address ranges. */
  addresses: string[];
  account_id: string;
  policy_name: string;
  /** Why names are kept, where the policy asks for a reason. */
  reason: SendingReason | null;
  changed_at: Date;
  /** When it was last seen, to the minute; null: never. */
  last_seen_at: ColumnType<Date | null, undefined, Date>;
};

/** A DICOMweb client's request for storage commitment (foreign/stow/commitment-request.store.ts). */
type CommitmentRequestTable = {
  site_id: string;
  account_id: string;
  transaction_uid: string;
  asked_at: Generated<Date>;
  /** The number of references. */
  amount: number;
  /** `Reference[]`; null: everything but the UID was deleted. */
  asked: ColumnType<unknown, string, null>;
  /**
   * In the order of `asked`: why each instance is not kept, or null. The whole column null: the answer is not settled.
   */
  reasons: ColumnType<unknown, undefined, RawBuilder<unknown> | null>;
};

export type ForeignTables = {
  sent_file: SentFileTable;
  withheld_instance: WithheldInstanceTable;
  dimse_peer: DimsePeerTable;
  commitment_request: CommitmentRequestTable;
};
