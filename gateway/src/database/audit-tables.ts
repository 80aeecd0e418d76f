/** The tables of the audit trail, and of readings that are not in it yet. */
import type { ColumnType } from 'kysely';

/** Append-only; each row's hash covers the one before it. */
type AuditTable = {
  seq: number;
  site_id: string;
  at: Date;
  event: string;
  /** UIDs, codes, counts: the closed fields of the event. */
  fields: ColumnType<Record<string, unknown>, string, never>;
  previous_hash: string;
  hash: string;
};

/** An account's readings of a study, counted until its quarter of an hour is over; then it is an audit event. */
export type ReadingTable = {
  site_id: string;
  account_id: string;
  /** An API key of the account; empty: a person who is signed in. */
  key_id: string;
  /** Empty: of no study. */
  study_instance_uid: string;
  /** Quarters of an hour since 1970. */
  period: number;
  kind:
    | 'images'
    | 'reports'
    | 'receipts'
    | 'exports'
    | 'viewer'
    | 'site-viewer'
    | 'headers'
    | 'named-headers'
    | 'searches'
    | 'named-searches'
    | 'trail';
  /** The instance or the result that was read; empty: the study as a whole. */
  subject: string;
  count: number;
  /** The first reading and the last. */
  since: Date;
  until: Date;
};

export type AuditTables = { audit: AuditTable; reading: ReadingTable };
