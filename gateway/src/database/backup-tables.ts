/** The tables of backups. */
import type { BACKUP_TROUBLES } from '#shared/protocol/backups.ts';
import type { Generated } from 'kysely';

/** One row: see backup-plan.store.ts. */
type BackupPlanTable = {
  is_one: Generated<boolean>;
  recipient: Generated<string | null>;
  every_hours: Generated<number | null>;
  keep: Generated<number>;
  planned_at: Generated<Date | null>;
  /** When the last one that opens was made. */
  last_at: Generated<Date | null>;
  trouble: Generated<(typeof BACKUP_TROUBLES)[number] | null>;
  trouble_at: Generated<Date | null>;
  /** When the backup was made from which this database was restored, until a gateway has started on it. */
  restored_from: Generated<Date | null>;
};

/** See settle-restore.ts. */
type CarriedJobTable = {
  queue: string;
  data: object;
  key: string | null;
  group_id: string | null;
  priority: number;
};

export type BackupTables = { backup_plan: BackupPlanTable; carried_job: CarriedJobTable };
