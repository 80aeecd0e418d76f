/** The tables of the audit trail, and of readings that are not yet in it. */
import type { ColumnType } from 'kysely';

/** Append-only; each row's hash covers the one before it. */
type AuditTable = {
  seq: number;
  site_id: string;
  at: Date;
  event: string;
  /** UIDs, codes and counts: the event's fixed set of fields. */
  fields: ColumnType<Record<string, unknown>, string, never>;
  previous_hash: string;
  hash: string;
};

/**
 * An account's readings of a study, counted until their quarter of an hour is over. Then they become one audit event.
 */
export type ReadingTable = {
  site_id: string;
  account_id: string;
  /** The API key that was used; empty: a signed-in person. */
  key_id: string;
  /** Empty: the reading is not of a study. */
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
  /** The times of the first and the last reading. */
  since: Date;
  until: Date;
};

export type AuditTables = { audit: AuditTable; reading: ReadingTable };
