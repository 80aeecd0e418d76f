/** The tables of retention: how long what is kept, what is under hold, and proofs of what was deleted. */
import type { Retained, RETENTION_TROUBLES } from '#shared/protocol/retention.ts';
import type { Generated } from 'kysely';

/** `days` null: for ever. Where there is no row, the default holds. */
type RetentionTable = { site_id: string; kind: Retained; days: number | null };

type RetentionRunTable = {
  site_id: string;
  ran_at: Generated<Date | null>;
  trouble: Generated<(typeof RETENTION_TROUBLES)[number] | null>;
  /** Kinds of which something was deleted since `compacted_at`. */
  to_compact: Generated<string[]>;
  compacted_at: Generated<Date | null>;
};

/** `sealed`: the subject and the reason. `patient_prints`: keyed hashes of a Patient ID, as cases have them. */
type HoldTable = {
  id: string;
  site_id: string;
  sealed: Uint8Array;
  case_id: string | null;
  study_instance_uid: string | null;
  patient_prints: string[] | null;
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
