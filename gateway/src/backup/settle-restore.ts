/**
 * The first start on a database that was restored. The PACS may know more than the backup: so what was about to be
 * stored is looked for there first, byte by byte, and so is what is awaited. Bytes whose keys no backup holds are
 * forgotten, and asked of their device again. Jobs that waited when the backup was made go on.
 */
import { sql } from 'kysely';
import { recordAudit } from '../audit/audit.ts';
import type { Db, Trx } from '../database/database.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { enqueueStage } from '../pipeline/plan/stages.ts';
import { changeInstances } from '../pipeline/stores/change-instances.ts';
import { copiesOf } from '../pipeline/stores/copy.store.ts';
import { instancesOf } from '../pipeline/stores/instance.store.ts';
import { deleteParcels, parcelsOfStudy } from '../pipeline/stores/parcel.store.ts';
import type { StudyKeys } from '../pipeline/stores/study-key.ts';
import { applyStudyEvent, lockStudy, setStudyKey } from '../pipeline/stores/study.store.ts';
import { markRestore, readRestore } from './backup-plan.store.ts';

type Tools = {
  readonly db: Db;
  readonly jobs: Pick<Jobs, 'declare' | 'enqueue'>;
  readonly keys: Pick<StudyKeys, 'unwrap'>;
  readonly siteId: string;
  readonly now: () => Date;
};

/** Does nothing on any other start. Call it once every queue is declared, before any job is worked on. */
export async function settleRestore(tools: Tools): Promise<void> {
  const { db, siteId, now } = tools;
  if ((await readRestore(db)) === null) return;
  await db.transaction().execute(async (trx) => {
    // Of several gateways that start at once, the first one does it.
    const { restored_from: madeAt } = await trx
      .selectFrom('backup_plan')
      .select('restored_from')
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (madeAt === null) return;
    await forgetUnreadable(trx, tools);
    await lookInPacs(trx, tools);
    await goOn(trx, tools);
    await trx.updateTable('backup_plan').set({ restored_from: null }).execute();
    await markRestore(trx, null);
    await recordAudit(trx, siteId, { event: 'backup-restored', madeAt: madeAt.toISOString() }, now());
  });
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
    for (const { id: each } of [{ id }, ...(await copiesOf(trx, id))]) await askAgain(trx, each, now());
  }
}

/**
 * A study that was complete waits again for the instances that nobody has seen in the PACS. What the PACS took and
 * changed is not asked for: it would be told from nothing else.
 */
async function askAgain(trx: Trx, studyId: string, now: Date): Promise<void> {
  const unproven = await instancesOf(trx, studyId, ['received', 'posting', 'posted']);
  const lost = unproven.filter(({ pacs_code: code }) => code === null);
  if (lost.length === 0) return;
  await changeInstances(
    trx,
    lost.map(({ id }) => ({ id, state: 'promised', postedAt: null })),
    { from: ['received', 'posting', 'posted'], now },
  );
  const study = await lockStudy(trx, studyId);
  if (study !== undefined) await applyStudyEvent(trx, study, 'late-instance', now);
}

/**
 * What is here is offered as if for the first time: forward looks for it in the PACS and compares the bytes
 * (forward/find-before.ts). What was posted without an answer counts as contested, and is read back. What is awaited
 * may have come since (forward/look-back.ts).
 */
async function lookInPacs(trx: Trx, tools: Tools): Promise<void> {
  await sql`
    update instance set state = 'received', posted_at = null, offers = 0
    from study where study.id = instance.study_id and study.state <> 'closed'
      and instance.state in ('received', 'posting')`.execute(trx);
  await sql`update instance set sent_digests = null where state = 'posted' and pacs_code is null`.execute(
    trx,
  );
  const awaiting = await trx
    .selectFrom('study')
    .select('id')
    .where('state', '=', 'receiving')
    .where('copy_of', 'is', null)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('instance')
          .select('instance.id')
          .whereRef('instance.study_id', '=', 'study.id')
          .where('instance.state', '=', 'promised'),
      ),
    )
    .execute();
  for (const { id: studyId } of awaiting) await enqueueStage(trx, tools, { queue: 'look-back', studyId });
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
