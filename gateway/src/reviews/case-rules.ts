/** Rules that open cases: what they may contain, and whether a study meets their occasion. */
import { sql } from 'kysely';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { CaseOccasion, CaseRule, DryRun, Rule, Verdict } from '#shared/protocol/rule.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db, Trx } from '../database/database.ts';
import { reviewTypes } from './review-type.store.ts';

const isOfCases = (rule: Rule): rule is CaseRule => 'occasion' in rule;

/**
 * @throws Problem invalid-request: a review type that does not exist, one that hides what the rule reveals to its
 * readers, or a condition that cannot be checked later.
 */
export async function checkCaseRules(db: Db | Trx, siteId: string, rules: readonly Rule[]): Promise<void> {
  const types = await reviewTypes.list(db, siteId);
  const known = new Map(types.map(({ name, definition }) => [name, definition]));
  for (const { review, when, occasion } of rules.filter(isOfCases)) {
    if (review !== null && !known.has(review))
      throw new Problem('invalid-request', 'Invalid: a rule names a review type that is not there.');
    // The mere existence of such a case tells its readers that a model found something.
    if (review !== null && occasion !== 'delivered' && known.get(review)?.hidesFinding)
      throw new Problem(
        'invalid-request',
        'Invalid: a rule that opens cases because of what a model found cannot open a review that hides it.',
      );
    // The body part is only in the header of the images, which is not read again.
    if (when.bodyPart !== undefined)
      throw new Problem('invalid-request', 'Invalid: a rule of cases cannot ask for the body part.');
  }
}

export const casesBy = async (
  _db: Db,
  _siteId: string,
  takers: readonly Rule[],
): Promise<Pick<DryRun, 'cases'>> => ({ cases: takers.filter(isOfCases).map(({ title }) => title) });

/** Why a rule whose conditions the study meets opens no case for it; null: the rule does open one. */
export async function whyNoCase(
  db: Db,
  siteId: string,
  { studyInstanceUID, rule }: { readonly studyInstanceUID: string; readonly rule: Rule },
): Promise<Verdict['because']> {
  if (!isOfCases(rule)) return null;
  const done = await db
    .selectFrom('case_by_rule')
    .select('rule_name')
    .where('site_id', '=', siteId)
    .where('study_instance_uid', '=', studyInstanceUID)
    .where('rule_name', '=', rule.name)
    .executeTakeFirst();
  if (done !== undefined) return { kind: 'done' };
  const { occasion } = rule;
  if ((await occasionsOf(db, siteId, studyInstanceUID)).has(occasion)) return null;
  const isExamined = occasion === 'delivered' || (await wasExamined(db, siteId, studyInstanceUID));
  return isExamined ? { kind: 'occasion', occasion } : { kind: 'not-examined' };
}

const wasExamined = async (db: Db, siteId: string, studyInstanceUID: string): Promise<boolean> =>
  (await db
    .selectFrom('inference_result')
    .select('id')
    .where('site_id', '=', siteId)
    .where('study_instance_uid', '=', studyInstanceUID)
    .limit(1)
    .executeTakeFirst()) !== undefined;

/** The occasions that have occurred for the study so far. */
export async function occasionsOf(
  db: Db,
  siteId: string,
  studyInstanceUID: string,
): Promise<ReadonlySet<CaseOccasion>> {
  const { rows } = await sql<Record<CaseOccasion, boolean>>`
    select exists (select 1 from study s join instance i on i.study_id = s.id
        where s.site_id = ${siteId}::uuid and s.study_instance_uid = ${studyInstanceUID}
          and i.state in (${sql.join([...IN_PACS])})) as delivered,
      exists (select 1 from inference_result r where r.site_id = ${siteId}::uuid
        and r.study_instance_uid = ${studyInstanceUID} and r.finding->>'positive' = 'true') as finding,
      exists (select 1 from inference_result r where r.site_id = ${siteId}::uuid
        and r.study_instance_uid = ${studyInstanceUID} and r.disagreement is not null) as disagreement`.execute(
    db,
  );
  const said = rows[0]!;
  return new Set((['delivered', 'finding', 'disagreement'] as const).filter((one) => said[one]));
}
