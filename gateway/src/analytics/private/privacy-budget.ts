/**
 * Noise, and the budget that pays for it. Whether one study is in the database changes the odds of an answer by at most
 * exp(PRIVATE_EPSILON) (differential privacy, Dwork et al. 2006). The effects of answers add up, so each answer is paid
 * for from the budgets of its data set and month, one for each of the caller's roles. When a budget is spent, there are
 * no more answers. Repeating an answer reveals nothing new, so if a role asks the same question again in the same
 * month, it gets the same numbers without paying again.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { z } from 'zod';
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
import { saidOf, type Asked, type Asking } from '../asked.ts';
import { drawLaplace, type DrawBelow } from './discrete-laplace.ts';

export type PrivateTools = { readonly db: Db; readonly now: () => Date; readonly draw: DrawBelow };
type Told = { readonly noise: Noise };
type PrivateQuestion<Answer> = {
  readonly caller: Asking;
  readonly of: DataSet;
  readonly readers: readonly Role[];
  readonly asked: Asked;
  readonly schema: z.ZodType<Answer>;
};
type Noisy = { readonly noise: Noise; readonly noisy: (count: number) => number };
/**
 * `changed`: how many counts of the answer one study can change, each by one (their L1 sensitivity). All counts of the
 * answer share one epsilon, so the scale of the noise is multiplied by this number.
 */
type NoiseFor = (changed: number) => Noisy;

/**
 * Returns the answer that was already paid for, or a new one. Payment, audit event, counts and the stored answer belong
 * to one transaction. @throws Problem privacy-budget-spent.
 */
export async function payAndTell<Answer extends Told>(
  { db, now, draw }: PrivateTools,
  question: PrivateQuestion<Answer>,
  count: (trx: Trx, noiseFor: NoiseFor) => Promise<Answer>,
): Promise<Answer> {
  const { caller, of } = question;
  return db.transaction().execute(async (trx) => {
    // Without the lock, two concurrent requests with the same question would both pay.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`private ${of} ${caller.siteId}`}, 0))`.execute(
      trx,
    );
    const at = now();
    const before = await readTold(trx, question, at);
    if (before.answer !== null) return before.answer;
    const left = PRIVATE_QUERIES_A_MONTH - (await pay(trx, question, at));
    await recordAudit(trx, caller.siteId, { event: 'private-figures-told', by: caller.id, of, left }, at);
    const answer = await count(trx, (changed) => {
      const scale = SCALE_A_COUNT * changed;
      return {
        noise: { epsilon: PRIVATE_EPSILON, scale, left, toldAt: at.toISOString() },
        noisy: (exact) => exact + drawLaplace(scale, draw),
      };
    });
    await keep(trx, question, { answer, at });
    return answer;
  });
}

/**
 * The number of answers that the caller's roles have left this month, and the answer to this question if one of these
 * roles has paid for it. Reading it costs nothing.
 */
export async function readTold<Answer extends Told>(
  db: Db | Trx,
  question: PrivateQuestion<Answer>,
  now: Date,
): Promise<{ readonly left: number; readonly answer: Answer | null }> {
  const { caller, of, schema } = question;
  const mine = { site_id: caller.siteId, data_set: of, month: monthOf(now) };
  const roles = payingRoles(question);
  const paid = await db
    .selectFrom('privacy_budget')
    .select('queries')
    .where((where) => where.and(mine))
    .where('role', 'in', roles)
    .execute();
  const left = PRIVATE_QUERIES_A_MONTH - Math.max(0, ...paid.map(({ queries }) => queries));
  const told = await db
    .selectFrom('private_answer')
    .select('answer')
    .where((where) => where.and({ ...mine, question: printOf(question) }))
    .where('role', 'in', roles)
    .orderBy('role')
    .limit(1)
    .executeTakeFirst();
  if (told === undefined) return { left, answer: null };
  const answer = schema.parse(told.answer);
  return { left, answer: { ...answer, noise: { ...answer.noise, left } } };
}

const monthOf = (at: Date): string => at.toISOString().slice(0, 'YYYY-MM'.length);

/** Always in the same order, so that two callers with several roles cannot deadlock. */
const payingRoles = ({ caller, readers }: Pick<PrivateQuestion<unknown>, 'caller' | 'readers'>): Role[] =>
  readers.filter((role) => caller.roles.includes(role)).toSorted();

/** A digest of the period and the cohort, whatever their order in the address. */
function printOf({ asked }: Pick<PrivateQuestion<unknown>, 'asked'>): string {
  const { from, to, cohort } = saidOf(asked);
  const text = JSON.stringify([from, to, cohort.sex, cohort.ageBand, cohort.modality]);
  return createHash('sha256').update(text).digest('hex');
}

/**
 * The number of queries, including this one, of the role that has asked most this month. Concurrent payments wait for
 * each other.
 */
async function pay<Answer>(trx: Trx, question: PrivateQuestion<Answer>, now: Date): Promise<number> {
  const { caller, of } = question;
  const month = monthOf(now);
  const roles = payingRoles(question);
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

/** Stores the answer for each role that has paid, until the month is over. */
async function keep<Answer>(
  trx: Trx,
  question: PrivateQuestion<Answer>,
  { answer, at }: { readonly answer: Answer; readonly at: Date },
): Promise<void> {
  const { caller, of } = question;
  const month = monthOf(at);
  const told = { site_id: caller.siteId, data_set: of, month, question: printOf(question) };
  await trx.deleteFrom('private_answer').where('month', '<', month).execute();
  await trx
    .insertInto('private_answer')
    .values(payingRoles(question).map((role) => ({ ...told, role, answer: JSON.stringify(answer) })))
    .execute();
}
