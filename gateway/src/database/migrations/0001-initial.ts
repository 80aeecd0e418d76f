/**
 * The whole schema. Each table has its `site_id`: sites are tenants. The meaning of the tables is described
 * with their types (tables.ts, inference-tables.ts).
 */
import { type Kysely, sql } from 'kysely';
import { ANNOTATIONS, CASE_RULES_AND_SAMPLE, CASES, EXPORTS, ORDERS, REVIEWS } from './initial-cases.ts';
import { ANALYTICS, INFERENCE, KEPT_DAYS } from './initial-figures.ts';
import { COMMITMENTS, PEOPLE_AND_DEVICES, STUDIES, VAULT } from './initial-studies.ts';

export const statements: readonly string[] = [
  ...PEOPLE_AND_DEVICES,
  ...STUDIES,
  ...VAULT,
  ...INFERENCE,
  ...CASES,
  ...ORDERS,
  ...REVIEWS,
  ...COMMITMENTS,
  ...ANNOTATIONS,
  ...EXPORTS,
  ...ANALYTICS,
  ...KEPT_DAYS,
  ...CASE_RULES_AND_SAMPLE,
];

export const kind = 'stop';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
