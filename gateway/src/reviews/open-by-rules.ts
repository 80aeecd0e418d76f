/**
 * Opens the cases that rules ask for, after a study was received and after models have looked at it. Each rule takes a
 * study only once, however often this runs and whatever happens to the case. The administrator who saved the rule is
 * recorded as having opened the case.
 */
import type { CaseRule } from '#shared/protocol/rule.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { openReview } from './open-review.ts';
import type { ReviewTools } from './review-tools.ts';
import { firstUnmet, NO_ATTRIBUTES, type Attributes } from '../rules/match-rule.ts';
import { caseRules } from '../rules/rule.store.ts';
import { attributesOfSent, modalitiesOf } from '../rules/study-attributes.ts';
import { occasionsOf } from './case-rules.ts';
import type { CaseTools } from '../cases/case-tools.ts';
import { findFor, insertCase } from '../cases/open-case.ts';

type CaseRuleTools = Omit<CaseTools, 'pacs'> & {
  readonly jobs: ReviewTools['jobs'];
  readonly pacs: Pick<Pacs, 'searchStudies' | 'describeStudy'>;
};
type OfStudy = { readonly siteId: string; readonly studyInstanceUID: string };
type Made = { readonly rule: CaseRule; readonly by: string };

/** Throws PacsUnreachable, and Problem pacs-unreachable; the job is then run again. */
export async function openByRules(tools: CaseRuleTools, of: OfStudy, signal: AbortSignal): Promise<void> {
  const enabled = (await caseRules(tools.db, of.siteId)).filter(({ rule }) => rule.enabled);
  if (enabled.length === 0) return;
  const occasions = await occasionsOf(tools.db, of.siteId, of.studyInstanceUID);
  // For a study that was not sent through this gateway, results may arrive before the receipt.
  if (!occasions.has('delivered')) return;
  const meant = enabled.filter(({ rule }) => occasions.has(rule.occasion));
  if (meant.length === 0) return;
  const attributes = await attributesFor(tools, of, { meant, signal });
  for (const made of meant)
    if (firstUnmet(made.rule.when, attributes) === null) await openOnce(tools, of, made);
}

/** Asks the PACS only for attributes that a rule needs. */
async function attributesFor(
  { db, pacs }: CaseRuleTools,
  { siteId, studyInstanceUID }: OfStudy,
  { meant, signal }: { readonly meant: readonly Made[]; readonly signal: AbortSignal },
): Promise<Attributes> {
  const sent = await attributesOfSent(db, siteId, studyInstanceUID);
  const asks = (condition: 'modality' | 'description'): boolean =>
    meant.some(({ rule }) => rule.when[condition] !== undefined);
  const described = asks('description') ? await pacs.searchStudies({ studyInstanceUID }, 1, signal) : [];
  return {
    ...NO_ATTRIBUTES,
    ...sent,
    modality: asks('modality') ? await modalitiesOf(pacs, studyInstanceUID, signal) : [],
    description: described.flatMap(({ description }) => description ?? []),
  };
}

async function openOnce(tools: CaseRuleTools, of: OfStudy, { rule, by }: Made): Promise<void> {
  const keeper = { id: by, siteId: of.siteId, roles: ['admin' as const] };
  const caseId = (await openCaseOf(tools, of, { rule, by })) ?? (await caseOf(tools, of, rule));
  if (caseId === null || rule.review === null) return;
  // The review has the id of the case. If an earlier run was killed in between, this run opens the review, and no run
  // opens a second one.
  const reviews = tools.db.selectFrom('review').select('id').where('id', '=', caseId);
  if ((await reviews.executeTakeFirst()) !== undefined) return;
  await openReview(tools, keeper, { id: caseId, caseId, type: rule.review });
}

/** Null: the rule has already taken the study. */
async function openCaseOf(tools: CaseRuleTools, of: OfStudy, { rule, by }: Made): Promise<string | null> {
  const { db, now, newId } = tools;
  const { siteId, studyInstanceUID } = of;
  if (await isTaken(tools, of, rule)) return null;
  const keeper = { id: by, siteId, roles: ['admin' as const] };
  const found = await findFor(tools, keeper, { studies: [studyInstanceUID] });
  const at = now();
  return db.transaction().execute(async (trx) => {
    const taken = await trx
      .insertInto('case_by_rule')
      .values({
        site_id: siteId,
        rule_name: rule.name,
        study_instance_uid: studyInstanceUID,
        case_id: null,
        at,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('rule_name')
      .executeTakeFirst();
    if (taken === undefined) return null;
    const id = newId();
    const { title, tags, casePriority: priority } = rule;
    const asked = { title, tags, priority, dueOn: null, assigneeId: null };
    await insertCase(trx, tools, { ...asked, id, keeper, found, at, rule: rule.name });
    await trx
      .updateTable('case_by_rule')
      .set({ case_id: id })
      .where('site_id', '=', siteId)
      .where('study_instance_uid', '=', studyInstanceUID)
      .where('rule_name', '=', rule.name)
      .execute();
    return id;
  });
}

const takenBy = ({ db }: Pick<CaseRuleTools, 'db'>, { siteId, studyInstanceUID }: OfStudy, rule: CaseRule) =>
  db
    .selectFrom('case_by_rule')
    .select('case_id')
    .where('site_id', '=', siteId)
    .where('study_instance_uid', '=', studyInstanceUID)
    .where('rule_name', '=', rule.name)
    .executeTakeFirst();

const isTaken = async (tools: CaseRuleTools, of: OfStudy, rule: CaseRule): Promise<boolean> =>
  (await takenBy(tools, of, rule)) !== undefined;

const caseOf = async (tools: CaseRuleTools, of: OfStudy, rule: CaseRule): Promise<string | null> =>
  (await takenBy(tools, of, rule))?.case_id ?? null;
