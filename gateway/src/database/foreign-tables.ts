/**
 * The tables of clients that are not ours. As in tables.ts, columns hold UIDs, digests and codes; the Study Instance
 * UID in an address of STOW-RS is the original one, and goes when the file is opened.
 */
import type { ColumnType, Generated, RawBuilder } from 'kysely';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import type { GivingUpReason } from '#shared/protocol/dimse-peer.ts';
import type { SendingReason } from '#shared/protocol/sending-reason.ts';
import type { WithheldCause } from '#shared/protocol/withheld.ts';

/** A file that another client sends as it lies on its disk; also the body of a STOW-RS request. */
export type SentFileTable = {
  id: string;
  site_id: string;
  account_id: string;
  /** The device whose right it was sent with; null: somebody signed in, or an API key. */
  device_id: string | null;
  /** The API key that it was sent with. */
  key_id: string | null;
  /** The DIMSE peer that sends it: what it was told is stored is handed over, however its association ends. */
  peer_id: ColumnType<string | null, string | null | undefined, never>;
  /** AE Title of the peer, kept here: an administrator may delete the peer while the file is still here. */
  ae_title: ColumnType<string | null, string | null | undefined, never>;
  /** When the peer's latest instance was kept. */
  came_at: ColumnType<Date | null, undefined, Date>;
  /** `FileForm` (pipeline/sent-file.store.ts). */
  form: ColumnType<unknown, string, string>;
  policy_name: string;
  policy_version: number;
  /** Why it is sent with names; null: nobody said, and the policy does not ask. */
  reason: SendingReason | null;
  /** Null: its length was not announced. */
  bytes: number | null;
  /**
   * `received`: it waits to be opened. `opened`: its bytes are gone from here; those of a peer stay until the PACS has
   * its instances, or an administrator has given them up (foreign/transfer.store.ts).
   */
  state: 'receiving' | 'received' | 'opened';
  /** Key of this file alone, like a study's; null once destroyed. */
  wrapped_key: Uint8Array | null;
  /** How often it was begun to be opened and came to no end that was not its own: counted before it begins, bounded. */
  runs: Generated<number>;
  /** Patients in the file that count towards the account's day already. */
  patients: Generated<number>;
  /** The entries that ended their thread, by their places: they are not opened again. */
  fatal: Generated<number[]>;
  /** Why nothing, or nothing more, of it was taken. */
  problem: AnyProblemCode | null;
  /** `FileEntry[]`: no names of files, which may be those of patients. */
  entries: ColumnType<unknown, string | undefined, string>;
  /** Since when something of a peer's file is on no road to the PACS, so that an administrator has to answer. */
  held_at: ColumnType<Date | null, undefined, Date | null>;
  /** Why an administrator gave up everything in a peer's file that was not read. */
  given_up: ColumnType<GivingUpReason | null, undefined, GivingUpReason | null>;
  created_at: ColumnType<Date, Date | undefined, never>;
  expires_at: Date;
};

/** An instance of a script or modality that was not taken (foreign/withheld.store.ts); UIDs as after the policy. */
type WithheldInstanceTable = {
  site_id: string;
  account_id: string;
  study_instance_uid: string;
  sop_instance_uid: string;
  cause: WithheldCause;
  reason: string;
  /** A modality heard at once that it is not taken, and still has it: its bytes are not here. */
  told: boolean;
  /** The newest file that it came in. */
  file_id: string;
};

/** A modality or PACS that may store by C-STORE: known by its AE title and its addresses, it acts for an account. */
export type DimsePeerTable = {
  id: string;
  site_id: string;
  /** In an administrator's words. */
  name: string;
  ae_title: string;
  /** Addresses, or blocks of them. */
  addresses: string[];
  account_id: string;
  policy_name: string;
  /** Why names are kept, where the policy asks. */
  reason: SendingReason | null;
  changed_at: Date;
  /** To the minute; null: never. */
  last_seen_at: ColumnType<Date | null, undefined, Date>;
};

/** A DICOMweb client's request for storage commitment (foreign/commitment-request.store.ts). */
type CommitmentRequestTable = {
  site_id: string;
  account_id: string;
  transaction_uid: string;
  asked_at: Generated<Date>;
  /** Number of references. */
  amount: number;
  /** `Reference[]`; null: forgotten, but for its UID. */
  asked: ColumnType<unknown, string, null>;
  /** In the order of `asked`: why each is not kept, or null; null as a whole: not settled. */
  reasons: ColumnType<unknown, undefined, RawBuilder<unknown> | null>;
};

export type ForeignTables = {
  sent_file: SentFileTable;
  withheld_instance: WithheldInstanceTable;
  dimse_peer: DimsePeerTable;
  commitment_request: CommitmentRequestTable;
};
