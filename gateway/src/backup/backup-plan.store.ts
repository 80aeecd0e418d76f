/** When backups are made and for whom, and what came of the last one. One row: a backup holds every site. */
import { sql } from 'kysely';
import type { BackupPlan, Backups } from '#shared/protocol/backups.ts';
import type { Db, Trx } from '../database/database.ts';

type State = {
  readonly plan: BackupPlan;
  readonly plannedAt: Date | null;
  readonly lastAt: Date | null;
  readonly trouble: Backups['trouble'];
};

/** `how`: locked until the transaction ends. */
export async function readBackupPlan(db: Db | Trx, how: 'locked' | 'free' = 'free'): Promise<State> {
  const row = await db
    .selectFrom('backup_plan')
    .selectAll()
    .$if(how === 'locked', (query) => query.forUpdate())
    .executeTakeFirstOrThrow();
  return {
    plan: { recipient: row.recipient, everyHours: row.every_hours, keep: row.keep },
    plannedAt: row.planned_at,
    lastAt: row.last_at,
    trouble:
      row.trouble === null || row.trouble_at === null
        ? null
        : { because: row.trouble, at: row.trouble_at.toISOString() },
  };
}

/**
 * Of a restore into this database; null: there was none since it was settled (settle-restore.ts). `id`: of the restore.
 * `madeAt`: when its backup was made; null: the database is not filled yet.
 */
type Restore = { readonly id: string; readonly madeAt: Date | null } | null;

export async function readRestore(db: Db | Trx): Promise<Restore> {
  const { rows } = await sql<{ id: string | null; madeAt: Date | null }>`
    select obj_description('site'::regclass, 'pg_class') as id, restored_from as "madeAt" from backup_plan`.execute(
    db,
  );
  const { id, madeAt } = rows[0] ?? { id: null, madeAt: null };
  return id === null ? null : { id, madeAt };
}

/** A restore into this database did not end. */
export async function isHalfFilled(db: Db): Promise<boolean> {
  const restore = await readRestore(db);
  return restore !== null && restore.madeAt === null;
}

export async function markRestore(db: Db | Trx, id: string | null): Promise<void> {
  await sql`comment on table site is ${id === null ? sql`null` : sql.lit(id)}`.execute(db);
}

export async function setBackupPlan(trx: Trx, asked: BackupPlan, now: Date): Promise<void> {
  const { recipient, everyHours, keep } = asked;
  await trx
    .updateTable('backup_plan')
    .set({ recipient, every_hours: everyHours, keep, planned_at: now })
    .execute();
}

export async function noteBackup(db: Db, now: Date, trouble: 'no-room' | 'failed' | null): Promise<void> {
  await db
    .updateTable('backup_plan')
    .set({
      trouble,
      trouble_at: trouble && now,
      ...(trouble === null && { last_at: sql<Date>`${now}` }),
    })
    .execute();
}
