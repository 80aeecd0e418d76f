/**
 * The work that an answer costs, as counts and not as a time: of functions of ours that are called in this thread, and
 * of rows that the database takes up while it carries out the statements of transactions.
 */
import { Session } from 'node:inspector/promises';
import pg from 'pg';

const OURS = /\/(gateway|shared)\/src\//;

/** How often functions of the product are called. */
export async function callsOf(work: () => Promise<unknown>): Promise<number> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await work();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  const ours = result.filter(({ url }) => OURS.test(url)).flatMap(({ functions }) => functions);
  return ours.reduce((sum, { ranges }) => sum + ranges[0]!.count, 0);
}

type Plan = {
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly Plan[];
};

function rowsIn(plan: Plan): number {
  const { 'Rows Removed by Filter': filtered = 0, 'Rows Removed by Join Filter': apart = 0 } = plan;
  const own = (plan['Actual Rows'] + filtered + apart) * plan['Actual Loops'];
  return (plan.Plans ?? []).reduce((sum, below) => sum + rowsIn(below), own);
}

type Query = (text: string, ...more: unknown[]) => Promise<pg.QueryResult>;

/**
 * How many rows the steps of its statements yield or throw away, each join’s comparisons among them. Every statement
 * of a transaction is carried out twice: once for its plan, which is undone.
 */
export async function rowsOf(work: () => Promise<unknown>): Promise<number> {
  const client = pg.Client.prototype as unknown as { query: Query };
  const { query } = client;
  const inTransaction = new WeakSet<object>();
  let rows = 0;
  client.query = async function (this: object, text, ...more) {
    const ask = (...said: Parameters<Query>) => query.apply(this, said);
    if (/^(begin|start)/i.test(text)) inTransaction.add(this);
    if (/^(commit|rollback)/i.test(text)) inTransaction.delete(this);
    if (inTransaction.has(this) && /^\s*(select|insert|update|delete|with)\b/i.test(text)) {
      await ask('savepoint before_plan');
      const plans = await ask(`explain (analyze, timing off, format json) ${text}`, ...more);
      await ask('rollback to savepoint before_plan');
      rows += rowsIn((plans.rows[0] as { 'QUERY PLAN': { Plan: Plan }[] })['QUERY PLAN'][0]!.Plan);
    }
    return ask(text, ...more);
  };
  try {
    await work();
  } finally {
    client.query = query;
  }
  return rows;
}
