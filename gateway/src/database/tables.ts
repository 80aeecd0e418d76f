/**
 * The tables as types. No column holds an identifying value: only UIDs, digests, codes, paths of tags, counts and
 * times. Times are `timestamptz`; sizes are bytes in `bigint`, read as numbers (no instance nears 2^53 bytes).
 */
import type { ColumnType, Generated, Selectable } from 'kysely';
import type { Role } from '#shared/protocol/api.ts';
import type { ReportOption } from '#shared/protocol/deid-report.ts';
import type { ApiKeyScope } from '#shared/protocol/api-key.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import type { InstanceState, StudyState } from '#shared/protocol/study-state.ts';
import type { Need } from '#shared/protocol/forms.ts';
import type { Withheld } from '#shared/protocol/withheld.ts';
import type { AnalyticsTables } from './analytics-tables.ts';
import type { AnnotationTables } from './annotation-tables.ts';
import type { AuditTables } from './audit-tables.ts';
import type { BackupTables } from './backup-tables.ts';
import type { RetentionTables } from './retention-tables.ts';
import type { CaseTables } from './case-tables.ts';
import type { DestinationTables } from './destination-tables.ts';
import type { ExportTables } from './export-tables.ts';
import type { ForeignTables } from './foreign-tables.ts';
import type { InferenceTables } from './inference-tables.ts';
import type { OrderTables } from './order-tables.ts';
import type { VaultTables } from './vault-tables.ts';

type CreatedAt = ColumnType<Date, Date | undefined, never>;

/** A tenant. The first migration creates the first one. */
type SiteTable = {
  id: Generated<string>;
  name: string;
  created_at: CreatedAt;
  /** The quota of every account that has none of its own. */
  quota_uploads: Generated<number>;
  quota_instances: Generated<number>;
  quota_bytes: Generated<number>;
  quota_patients: Generated<number>;
};

/** Named `account` because `user` is a reserved word in SQL. */
type AccountTable = {
  id: Generated<string>;
  site_id: string;
  username: string;
  roles: Role[];
  /** scrypt with its parameters: `scrypt$N$r$p$salt$hash`. */
  password_hash: string;
  created_at: CreatedAt;
  disabled_at: Date | null;
  /** Increases whenever the account's sessions are ended. Tokens of an earlier epoch are no longer valid. */
  epoch: Generated<number>;
  /**
   * Increases whenever the account's API keys are ended: like `epoch`, except when roles change, which are checked at
   * each use of a key.
   */
  key_epoch: Generated<number>;
  /** Null: the site's quota. */
  quota_uploads: Generated<number | null>;
  quota_instances: Generated<number | null>;
  quota_bytes: Generated<number | null>;
  quota_patients: Generated<number | null>;
  /** The day (UTC) on which the account last asked for pseudonyms, and for how many patients on that day. */
  patients_day: Generated<Date | null>;
  patients_asked: Generated<number>;
};

/** A key for scripts, which acts for an account. It is valid for the `key_epoch` in which it was made. */
type ApiKeyTable = {
  id: Generated<string>;
  site_id: string;
  account_id: string;
  epoch: number;
  /** Purpose of the key, in an administrator's words. */
  name: string;
  /** SHA-256 of its text, hexadecimal. */
  digest: string;
  scopes: ApiKeyScope[];
  /** The policy for requests that name none; null: the gateway's. */
  policy: string | null;
  created_by: string;
  created_at: Date;
  expires_at: Date;
  last_used_at: Date | null;
  revoked_at: Date | null;
};

/** A refresh token is used once; using it again revokes its family (RFC 9700 §4.14). */
type RefreshTokenTable = {
  /** SHA-256 of the token, hexadecimal. */
  token_hash: string;
  family_id: string;
  /** The token in exchange for which it was issued; null for the first of a family. */
  parent_hash: string | null;
  account_id: string;
  expires_at: Date;
  /** When its family expires, however often tokens are exchanged. */
  ends_at: Date;
  used_at: Date | null;
  revoked_at: Date | null;
};

/**
 * A device that may send the studies that an account's user queued on it, even after the session has ended.
 */
export type DeviceTable = {
  id: Generated<string>;
  site_id: string;
  account_id: string;
  /** Browser and system of the device when it last enrolled; null: unknown. */
  name: Generated<string | null>;
  /** RFC 7638: the same key with the same account is the same device. */
  thumbprint: string;
  /** The four members of an EC JWK that make the key (RFC 7518 §6.2.1). */
  public_key: ColumnType<{ kty: 'EC'; crv: 'P-256'; x: string; y: string }, string, never>;
  created_at: CreatedAt;
  last_seen_at: Date;
  revoked_at: Date | null;
};

/** An assertion that was used, kept for as long as it is valid. */
type DeviceAssertionTable = { device_id: string; jti: string; expires_at: Date };

/**
 * A study as one upload sends it, with its own state, revision and key. Two accounts, or two devices, that send one
 * Study Instance UID have two rows, and neither delays, changes or sees the other's. Results of the gateway join the
 * row of their study.
 */
/**
 * The columns that determine where a study goes. `destination_id` null: it has no destination, or only its UID is
 * known.
 */
export type PlacedStudy = Pick<Selectable<StudyTable>, 'site_id' | 'study_instance_uid' | 'destination_id'>;

export type StudyTable = {
  id: Generated<string>;
  site_id: string;
  /** The account of the sending upload; null for the gateway's own studies. */
  account_id: string | null;
  study_instance_uid: string;
  state: StudyState;
  revision: number;
  policy_name: string;
  policy_version: number;
  /** Where the study goes, fixed when it is first promised; null: there was no destination. */
  destination_id: string | null;
  /**
   * For a copy: the study that this row sends to a further destination. A copy has no upload of its own: the bytes,
   * their key and the receipt belong to that study. Null: the row is a study itself.
   */
  copy_of: string | null;
  /** The coercion of a copy: `coercionSchema` of shared/src/protocol/coercion.ts; null: it is sent as promised. */
  coercion: Generated<unknown>;
  /** Whether the receipt waits for a copy. */
  need: Need | null;
  /** When an administrator gave up a copy's destination for it. */
  given_up_at: Generated<Date | null>;
  /** The study's spool key, wrapped with the gateway's key; null once destroyed. */
  wrapped_key: Uint8Array | null;
  waiting_because:
    | 'pacs-unreachable'
    | 'pacs-refuses-sign-in'
    | 'pacs-settings-wrong'
    | 'storage-full'
    | 'gateway-failed'
    | 'behind-another'
    | 'pacs-fails-on-some'
    | 'pacs-refuses-size'
    | 'required-destination'
    | 'primary-unreachable'
    | null;
  waiting_since: Date | null;
  /** How often stages have failed on it since a stage last came to an outcome. */
  failures: Generated<number>;
  created_at: CreatedAt;
  updated_at: Date;
};

/** A device's promise of (a part of) a study. */
type UploadTable = {
  id: string;
  site_id: string;
  study_id: string;
  /** Null: the gateway's own upload, of results. */
  account_id: string | null;
  /** The device that made the promise; null: the account's own, sent while a person is signed in. */
  device_id: string | null;
  /** When the device said that everything was sent. */
  completed_at: Date | null;
  /** When a person stopped what was still on its way; null: it was not stopped, or is sent again. */
  cancelled_at: Date | null;
  /** The instances of the study that its sender withheld. */
  withheld: ColumnType<Withheld, string | undefined, string>;
  created_at: CreatedAt;
};

/** An account that brings an upload from a USB stick, for the device that saved it there. */
type UploadCarrierTable = {
  upload_id: string;
  account_id: string;
  ticket_id: string;
  /** CarriedParcels (pipeline/stores/carrier.store.ts), as JSON. */
  parcels: unknown;
  created_at: Generated<Date>;
};

/** The instances that each upload named, in the manifest's order. */
type UploadInstanceTable = { upload_id: string; position: number; instance_id: number };

export type InstanceTable = {
  id: Generated<number>;
  site_id: string;
  study_id: string;
  sop_instance_uid: string;
  sop_class_uid: string;
  series_instance_uid: string;
  transfer_syntax_uid: string;
  /** SHA-256, hexadecimal. Unique together with study and SOP Instance UID: another digest is another row. */
  digest: string;
  original_digest: string | null;
  /**
   * The name of the key under which the original's digest was made. Digests under different keys cannot be compared.
   */
  original_key: string | null;
  /** The report of its study that says what was done to it; null: nothing was done, or the device did not report it. */
  report_digest: string | null;
  /** The policy under which it was promised, by which verify judges it. */
  policy_name: string;
  policy_version: number;
  bytes: number;
  state: InstanceState;
  reason: ReasonCode | null;
  /** Where its bytes lie: a range of the parcel's body as it came, or of the blob that `restored` names. */
  parcel_id: string | null;
  body_offset: number | null;
  /** The blob into which verify restored an instance that was sent coded. */
  restored: string | null;
  /**
   * When it was last handed to the PACS. An instance that was posted without an answer is looked for before it is
   * posted again.
   */
  posted_at: Date | null;
  /** How many offers to the PACS settled nothing about it. They are limited, and spread over time. */
  offers: Generated<number>;
  /** How many of these offers were made while the PACS took other instances. */
  offers_amid: Generated<number>;
  /** The last minute (of `tally`) in which it may have been handed to the PACS. */
  offered_minute: Generated<number>;
  /** Warning Reason or Failure Reason as the PACS gave it. */
  pacs_code: number | null;
  proof: 'found' | 'digest' | 'read-back' | null;
  /** The address of the PACS (`Pacs.describe`) in which it was last seen. A receipt names no other PACS. */
  proven_at: Generated<string | null>;
  /**
   * The PACS has reported that it keeps the instance (storage commitment). False: it was not asked, or has not reported
   * that.
   */
  committed: Generated<boolean>;
  /**
   * Its UID, SHA-256 and MD5 (hexadecimal, separated by spaces) as they were handed to the PACS, or found there; `-`
   * where no MD5 was computed, which is needed only for a PACS that gives its own. Null: it was never handed over.
   */
  sent_digests: Generated<string | null>;
  /**
   * The promised digest of a copy's instance, once coercion has looked at it; null: no coercion applies, or it has not
   * looked yet.
   */
  coerced_from: Generated<string | null>;
  /** The study's revision in which it was promised. */
  revision: number;
  /** How often in a row its bytes came and were not the promised ones; there is a limit. */
  damages: Generated<number>;
  /** How often the PACS said that it took it and then did not have it; there is a limit. */
  losses: Generated<number>;
  /** How often verify started with it without reaching an end: the gateway, or its thread or process, died. */
  beginnings: Generated<number>;
  /** How often it has ended a thread, or a process of its own, in which it was alone; there is a limit. */
  ends: Generated<number>;
  /**
   * The upload's account has brought these bytes, here or in another upload: proof of possession. Merely naming an
   * instance proves nothing.
   */
  brought: Generated<boolean>;
  updated_at: Date;
  /** Since when it has been in its state, in minutes of `tally`. Only such minutes may decide what a receipt states. */
  since_minute: Generated<number>;
};

/** A single row: what is counted instead of dated (pipeline/stores/tally.store.ts). */
type TallyTable = {
  /** Minutes in which a gateway ran on this database. */
  minutes: Generated<number>;
};

/** A device's report of what it did to instances of a study. It contains tag paths and codes, no values. */
type DeidReportTable = {
  study_id: string;
  /** Digest by `reportDigest`. */
  digest: string;
  edition: string;
  options: ColumnType<ReportOption[], string, never>;
  /** Null: the report was too long to be sent. */
  actions: ColumnType<string[] | null, string | null, never>;
};

/** A tus upload. `id` is the tus id. */
export type ParcelTable = {
  id: string;
  site_id: string;
  upload_id: string;
  study_id: string;
  /** The device's id for it: a repeated creation with this id means the same parcel. */
  device_parcel_id: string;
  /** The length as it is sent: Upload-Length. */
  bytes: number;
  /**
   * For a sealed parcel: which key of the gateway opens it, and the encapsulated key (RFC 9180) in base64; null: it is
   * sent in the clear.
   */
  seal_key_id: ColumnType<string | null, string | null | undefined, never>;
  seal_enc: ColumnType<string | null, string | null | undefined, never>;
  /** The row is deleted with its bytes: evicted, damaged, expired or taken back. */
  state: 'receiving' | 'received' | 'verified';
  /**
   * Above 0: instances in it were not as promised, or are needed again, and the device may send a parcel with this id
   * again.
   */
  damaged: Generated<number>;
  /** How often verify has started with it without an outcome; counted before it starts. */
  runs: Generated<number>;
  /** How many of these runs failed without killing the gateway; there is a limit. */
  failures: Generated<number>;
  created_at: CreatedAt;
  expires_at: Date;
};

type ReceiptTable = {
  id: string;
  site_id: string;
  study_id: string;
  /** The upload whose promises it covers. The receipt stays if the upload is taken back. */
  upload_id: string;
  revision: number;
  /** Null: its time was over (retention/delete-rows.ts). */
  jws: string | null;
  issued_at: Date;
};

/** A version of a policy that an administrator made. It never changes, but may be withdrawn. */
export type PolicyTable = {
  site_id: string;
  name: string;
  version: number;
  /**
   * `policyDocumentSchema` of shared/src/protocol/policy.ts; a later gateway may have written other fields.
   */
  document: ColumnType<unknown, string, never>;
  made_by: string;
  made_at: Date;
  withdrawn_by: string | null;
  withdrawn_at: Date | null;
};

export type Tables = InferenceTables &
  AnalyticsTables &
  CaseTables &
  VaultTables &
  ForeignTables &
  DestinationTables &
  ExportTables &
  OrderTables &
  BackupTables &
  RetentionTables &
  AnnotationTables &
  AuditTables & {
    /** The accounts of sample data: only what they sent, and the cases that they opened, is sample data. */
    sample_account: { account_id: string; site_id: string };
    site: SiteTable;
    account: AccountTable;
    refresh_token: RefreshTokenTable;
    api_key: ApiKeyTable;
    device: DeviceTable;
    device_assertion: DeviceAssertionTable;
    study: StudyTable;
    upload: UploadTable;
    upload_carrier: UploadCarrierTable;
    upload_instance: UploadInstanceTable;
    instance: InstanceTable;
    tally: TallyTable;
    deid_report: DeidReportTable;
    parcel: ParcelTable;
    receipt: ReceiptTable;
    policy: PolicyTable;
  };
