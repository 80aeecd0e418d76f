/** The tables of retention: how long what is kept, what is under hold, and proofs of what was deleted. */
import type { Retained, RETENTION_TROUBLES } from '#shared/protocol/retention.ts';
import type { Generated } from 'kysely';

/** `days` null: for ever. Where there is no row, the default holds. */
type RetentionTable = { site_id: string; kind: Retained; days: number | null };

type RetentionRunTable = {
  site_id: string;
  ran_at: Date;
  trouble: (typeof RETENTION_TROUBLES)[number] | null;
};

/** Of a patient, neither `case_id` nor `study_instance_uid` is set: `sealed` holds the subject and the reason. */
type HoldTable = {
  id: string;
  site_id: string;
  sealed: Uint8Array;
  case_id: string | null;
  study_instance_uid: string | null;
  by_account: string;
  at: Date;
  ended_by: Generated<string | null>;
  ended_at: Generated<Date | null>;
};

type DeletionTable = { id: string; site_id: string; kind: Retained; count: number; jws: string; at: Date };

export type RetentionTables = {
  retention: RetentionTable;
  retention_run: RetentionRunTable;
  hold: HoldTable;
  deletion: DeletionTable;
};
