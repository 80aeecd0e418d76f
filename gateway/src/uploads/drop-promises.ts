/**
 * Drops promises that will not be kept: those that were taken back, or that their own device replaced. An instance of
 * which no byte ever came is deleted as if it had never been named, so that naming instances again and again leaves
 * nothing behind.
 */
import { changeInstances } from '../pipeline/stores/change-instances.ts';
import type { Trx } from '../database/database.ts';
import { idList } from '../pipeline/stores/instance.store.ts';
import { unlinkInstances } from '../pipeline/stores/parcel.store.ts';
import type { StudyRow } from '../pipeline/stores/study.store.ts';

/**
 * The PACS does not have the instance, even if it was seen there before. A proof in the receipt would say that it has.
 */
export const NEVER_ARRIVED = { state: 'refused', reason: 'never-arrived', proof: null } as const;

export type Promises = {
  readonly uploadId: string;
  readonly promised: readonly { readonly id: number; readonly brought: boolean }[];
};

/**
 * The upload no longer promises these instances; true where that changed something. Those that it had brought before
 * (the PACS has lost them since) are recorded as given up; the others are deleted.
 */
export async function dropPromises(
  trx: Trx,
  study: StudyRow,
  { uploadId, promised }: Promises,
  now: Date,
): Promise<boolean> {
  const { brought = [], unbrought = [] } = Object.groupBy(promised, (row) =>
    row.brought ? 'brought' : 'unbrought',
  );
  const ids = unbrought.map(({ id }) => id);
  await unlinkInstances(trx, uploadId, new Set(ids));
  const given = brought.map(({ id }) => ({ id, ...NEVER_ARRIVED }));
  const changed = await changeInstances(trx, given, { from: ['promised'], now });
  return (await forgetInstances(trx, study, ids)) || changed.size > 0;
}

/** Deletes instances that no upload promises any more and of which nothing came; true if there were any. */
export async function forgetInstances(
  trx: Trx,
  study: Pick<StudyRow, 'revision'>,
  ids: readonly number[],
): Promise<boolean> {
  if (ids.length === 0) return false;
  const { numDeletedRows } = await trx
    .deleteFrom('instance')
    .where('id', 'in', idList(ids))
    .where('parcel_id', 'is', null)
    .where((where) =>
      where.or([
        where('state', '=', 'promised'),
        where.and([where('state', 'in', ['quarantined', 'refused']), where('revision', '=', study.revision)]),
      ]),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('upload_instance')
            .select('position')
            .whereRef('upload_instance.instance_id', '=', 'instance.id'),
        ),
      ),
    )
    .executeTakeFirst();
  return numDeletedRows > 0n;
}
