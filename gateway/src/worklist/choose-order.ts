/**
 * Stores which order a person chose for a study. The first time of the choice is kept, because it is written into the
 * instances: the same study sent again with the same order must be identical byte for byte.
 */
import { sql } from 'kysely';
import type { Order } from '#shared/protocol/worklist.ts';
import { recordAudit } from '../audit/audit.ts';
import { identityOf } from './order.store.ts';
import type { WorklistTools } from './worklist-tools.ts';

type Chooser = { readonly id: string; readonly siteId: string };

export async function chooseOrder(
  { db, print, now }: Pick<WorklistTools, 'db' | 'print' | 'now'>,
  { id: by, siteId }: Chooser,
  { studyInstanceUID, order }: { readonly studyInstanceUID: string; readonly order: Order },
): Promise<Date> {
  const at = now();
  const choice = {
    site_id: siteId,
    study_instance_uid: studyInstanceUID,
    order_print: print(identityOf(order)),
  };
  return db.transaction().execute(async (trx) => {
    const { chosen_at: chosenAt } = await trx
      .insertInto('order_choice')
      .values({ ...choice, chosen_at: at, chosen_by: by })
      .onConflict((conflict) =>
        conflict
          .columns(['site_id', 'study_instance_uid', 'order_print'])
          .doUpdateSet({ chosen_at: sql`order_choice.chosen_at` }),
      )
      .returning('chosen_at')
      .executeTakeFirstOrThrow();
    await recordAudit(trx, siteId, { event: 'order-chosen', by, studyInstanceUID }, at);
    return chosenAt;
  });
}
