/**
 * Noise, and what it is paid with. Whether one study is in the database changes the odds of an answer by
 * exp(PRIVATE_EPSILON) at most (differential privacy, Dwork et al. 2006). Answers add up, so each is paid for from the
 * budgets of its data set and month, one of each of the caller's roles; when one is spent there are no more.
 */
import { sql } from 'kysely';
import type { Role } from '#shared/protocol/api.ts';
import { Problem } from '#shared/protocol/problem.ts';
import {
  type DataSet,
  type Noise,
  PRIVATE_EPSILON,
  PRIVATE_QUERIES_A_MONTH,
  SCALE_A_COUNT,
} from '#shared/protocol/private-figures.ts';
import { recordAudit } from '../../audit/audit.ts';
import type { Db, Trx } from '../../database/database.ts';
import type { Asking } from '../asked.ts';
import { drawLaplace, type DrawBelow } from './discrete-laplace.ts';

export type PrivateTools = { readonly db: Db; readonly now: () => Date; readonly draw: DrawBelow };
type Payment = { readonly caller: Asking; readonly of: DataSet; readonly readers: readonly Role[] };
type Noisy = { readonly noise: Noise; readonly noisy: (count: number) => number };
/**
 * `changed`: how many counts of the answer one study can change, each by one (their L1 sensitivity). The answer is one
 * query, so these share its epsilon: the scale of the noise is as many times larger.
 */
type NoiseFor = (changed: number) => Noisy;

/** Payment, audit and counts are of one transaction. @throws Problem privacy-budget-spent. */
export async function payAndTell<Answer>(
  { db, now, draw }: PrivateTools,
  payment: Payment,
  count: (trx: Trx, noiseFor: NoiseFor) => Promise<Answer>,
): Promise<Answer> {
  return db.transaction().execute(async (trx) => {
    const left = PRIVATE_QUERIES_A_MONTH - (await pay(trx, payment, now()));
    const { caller, of } = payment;
    await recordAudit(trx, caller.siteId, { event: 'private-figures-told', by: caller.id, of, left }, now());
    return count(trx, (changed) => {
      const scale = SCALE_A_COUNT * changed;
      return {
        noise: { epsilon: PRIVATE_EPSILON, scale, left },
        noisy: (exact) => exact + drawLaplace(scale, draw),
      };
    });
  });
}

/** The queries of the role that has asked most this month, with this one. Two at once wait for each other. */
async function pay(trx: Trx, { caller, of, readers }: Payment, now: Date): Promise<number> {
  const month = now.toISOString().slice(0, 'YYYY-MM'.length);
  // In one order, so that no two callers of several roles wait for each other.
  const roles = readers.filter((role) => caller.roles.includes(role)).toSorted();
  const paid = await trx
    .insertInto('privacy_budget')
    .values(roles.map((role) => ({ site_id: caller.siteId, data_set: of, role, month, queries: 1 })))
    .onConflict((conflict) =>
      conflict
        .columns(['site_id', 'data_set', 'role', 'month'])
        .doUpdateSet({ queries: sql`privacy_budget.queries + 1` })
        .where('privacy_budget.queries', '<', PRIVATE_QUERIES_A_MONTH),
    )
    .returning('queries')
    .execute();
  if (paid.length < roles.length) throw new Problem('privacy-budget-spent');
  return Math.max(...paid.map(({ queries }) => queries));
}
