/**
 * The first start on a database that was restored. The PACS may know more than the backup: so what was about to be
 * stored is looked for there first, byte by byte. Bytes whose keys no backup holds are forgotten, and asked of their
 * device again. Jobs that waited when the backup was made go on.
 */
import { sql } from 'kysely';
import { recordAudit } from '../audit/audit.ts';
import type { Db, Trx } from '../database/database.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { changeInstances } from '../pipeline/stores/change-instances.ts';
import { instancesOf } from '../pipeline/stores/instance.store.ts';
import { deleteParcels, parcelsOfStudy } from '../pipeline/stores/parcel.store.ts';
import type { StudyKeys } from '../pipeline/stores/study-key.ts';
import { applyStudyEvent, lockStudy, setStudyKey } from '../pipeline/stores/study.store.ts';
import { HalfRestored } from './restore-backup.ts';

type Tools = {
  readonly db: Db;
  readonly jobs: Pick<Jobs, 'declare' | 'enqueue'>;
  readonly keys: Pick<StudyKeys, 'unwrap'>;
  readonly dataDir: string;
  readonly siteId: string;
  readonly now: () => Date;
};

/**
 * Does nothing on any other start. Call it once every queue is declared, before any job is worked on. @throws
 * HalfRestored where the restore of this database did not end.
 */
export async function settleRestore(tools: Tools): Promise<void> {
  const { db, siteId, dataDir, now } = tools;
  const { rows } = await sql<{ mark: string | null }>`
    select obj_description('site'::regclass, 'pg_class') as mark`.execute(db);
  if (rows[0]?.mark == null) return;
  await db.transaction().execute(async (trx) => {
    // Of several gateways that start at once, the first one does it.
    const { restored_from: madeAt } = await trx
      .selectFrom('backup_plan')
      .select('restored_from')
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (madeAt === null) {
      if (await isMarked(trx)) throw new HalfRestored(dataDir);
      return;
    }
    await forgetUnreadable(trx, tools);
    await lookInPacs(trx);
    await goOn(trx, tools);
    await trx.updateTable('backup_plan').set({ restored_from: null }).execute();
    await sql`comment on table site is null`.execute(trx);
    await recordAudit(trx, siteId, { event: 'backup-restored', madeAt: madeAt.toISOString() }, now());
  });
}

async function isMarked(trx: Trx): Promise<boolean> {
  const { rows } = await sql<{ is: boolean }>`
    select obj_description('site'::regclass, 'pg_class') is not null as is`.execute(trx);
  return rows[0]!.is;
}

async function forgetUnreadable(trx: Trx, { keys, now }: Tools): Promise<void> {
  const studies = await trx
    .selectFrom('study')
    .select(['id', 'wrapped_key'])
    .where('wrapped_key', 'is not', null)
    .execute();
  for (const { id, wrapped_key: key } of studies) {
    if (key === null || keys.unwrap(id, key) !== null) continue;
    const parcels = await parcelsOfStudy(trx, id);
    await deleteParcels(
      trx,
      parcels.map((parcel) => parcel.id),
    );
    await setStudyKey(trx, id, null);
    await askAgain(trx, id, now());
  }
}

/** A study that was complete waits for its instances again. */
async function askAgain(trx: Trx, studyId: string, now: Date): Promise<void> {
  const lost = (await instancesOf(trx, studyId, ['received', 'posting'])).map(({ id }) => ({
    ...{ id, state: 'promised' as const, postedAt: null },
  }));
  if (lost.length === 0) return;
  await changeInstances(trx, lost, { from: ['received', 'posting'], now });
  const study = await lockStudy(trx, studyId);
  if (study !== undefined) await applyStudyEvent(trx, study, 'late-instance', now);
}

/**
 * As if never posted: forward looks for it in the PACS and compares the bytes (forward/find-before.ts). What was posted
 * without an answer counts as contested, and is read back.
 */
async function lookInPacs(trx: Trx): Promise<void> {
  await sql`
    update instance set state = 'received', posted_at = null, offers = 0
    from study where study.id = instance.study_id and study.state <> 'closed'
      and instance.state in ('received', 'posting')`.execute(trx);
  await sql`update instance set sent_digests = null where state = 'posted' and pacs_code is null`.execute(
    trx,
  );
}

async function goOn(trx: Trx, { jobs }: Tools): Promise<void> {
  const carried = await trx.deleteFrom('carried_job').returningAll().execute();
  for (const queue of new Set(carried.map((job) => job.queue))) await jobs.declare(queue);
  for (const { queue, data, key, group_id: group, priority } of carried)
    await jobs.enqueue(trx, queue, data, {
      ...(key !== null && { key }),
      ...(group !== null && { group }),
      priority,
    });
}
