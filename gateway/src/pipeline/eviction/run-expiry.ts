/**
 * Sweeps abandoned data: unfinished parcels, promises that were never kept, files that no row names. It runs on a
 * schedule, but counts the minutes in which a gateway ran, so no calendar date decides what is given up. Whatever is
 * given up ends in a state that a person sees.
 */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../../database/database.ts';
import { applyPlan, type ApplyTools } from '../plan/apply-plan.ts';
import { sweepBlobs } from '../stores/orphan-blobs.ts';
import { deleteUnfinished, expiredParcels } from '../stores/parcel.store.ts';
import { nothingToDo } from '../plan/study-plan.ts';
import { minutesNow } from '../stores/tally.store.ts';

export const EXPIRY_EVERY_SECONDS = 600;
/**
 * A month: a device that is offline for longer than that is broken or lost. If it comes back later, its
 * instances are still accepted, as a new revision.
 */
const NEVER_ARRIVED_AFTER_MINUTES = 30 * 24 * 60;
/**
 * One day, for results that the gateway promised and never brought once the device has sent its study. After that, the
 * next receipt no longer waits for them.
 */
const RESULTS_AFTER_MINUTES = 24 * 60;

export async function runExpiry(tools: ApplyTools): Promise<void> {
  const expired = (await expiredParcels(tools.db, tools.now())).map(({ id }) => id);
  await tools.db.transaction().execute((trx) => deleteUnfinished(trx, expired));
  await sweepBlobs(tools);
  const keyed = await tools.db
    .selectFrom('study')
    .select('wrapped_key')
    .where('wrapped_key', 'is not', null)
    .execute();
  await tools.keys.sweep(keyed.flatMap(({ wrapped_key }) => wrapped_key ?? []));
  await giveUpPromises(tools, NEVER_ARRIVED_AFTER_MINUTES, () => sql<boolean>`true`);
  await giveUpPromises(tools, RESULTS_AFTER_MINUTES, isOthersWait);
  await giveUpPromises(tools, -1, isOfDisabledAccounts);
}

/**
 * True of an instance if another upload of the study was completed without naming it, and the uploads that name it have
 * no parcel on its way. A device's own promise keeps its month.
 */
function isOthersWait(): RawBuilder<boolean> {
  return sql<boolean>`
    exists (select 1 from upload u where u.study_id = instance.study_id and u.completed_at is not null
      and not exists (select 1 from upload_instance l where l.upload_id = u.id and l.instance_id = instance.id))
    and not exists (select 1 from upload_instance l join parcel p on p.upload_id = l.upload_id
      where l.instance_id = instance.id and p.state <> 'verified')`;
}

/** True of an instance that only uploads of disabled accounts name: it will not come. */
function isOfDisabledAccounts(): RawBuilder<boolean> {
  return sql<boolean>`
    exists (select 1 from upload_instance l where l.instance_id = instance.id)
    and not exists (select 1 from upload_instance l join upload u on u.id = l.upload_id
      left join account a on a.id = u.account_id
      where l.instance_id = instance.id and a.disabled_at is null)`;
}

/** Instances promised, or promised again, more than this many minutes ago. */
const overdue = (db: Db, minutes: number, which: () => RawBuilder<boolean>) =>
  db
    .selectFrom('instance')
    .where('instance.state', '=', 'promised')
    .where('instance.since_minute', '<', sql<number>`${minutesNow()} - ${minutes}`)
    .where(which());

/** `which`: the condition that selects which overdue promises are given up. */
async function giveUpPromises(
  tools: ApplyTools,
  minutes: number,
  which: () => RawBuilder<boolean>,
): Promise<void> {
  const studies = await overdue(tools.db, minutes, which)
    .select('instance.study_id as id')
    .distinct()
    .execute();
  for (const { id: studyId } of studies) {
    await applyPlan(tools, studyId, async ({ db }) => {
      const rows = await overdue(db, minutes, which)
        .select('instance.id')
        .where('study_id', '=', studyId)
        .execute();
      if (rows.length === 0) return nothingToDo('elsewhere');
      return {
        outcome: 'given-up',
        changes: [
          {
            kind: 'change-instances',
            from: ['promised'],
            changes: rows.map(({ id }) => ({ id, state: 'refused', reason: 'never-arrived' })),
          },
        ],
        next: [{ queue: 'assembly', studyId }],
        audit: { event: 'instances-never-arrived', instances: rows.length },
      };
    });
  }
}
