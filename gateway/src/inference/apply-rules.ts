/**
 * Decides, after a study has its receipt, which of its instances models examine automatically. Each instance and
 * model gets one job. Instances that the gateway itself made from results are never examined.
 */
import { Problem } from '#shared/protocol/problem.ts';
import { CONDITIONS, type Condition, type InferenceRule } from '#shared/protocol/rule.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Trx } from '../database/database.ts';
import { instancesOf } from '../pipeline/stores/instance.store.ts';
import { RESULTS_POLICY } from '../policies/policies.ts';
import { firstUnmet, NO_ATTRIBUTES, type Attributes } from '../rules/match-rule.ts';
import { inferenceRules } from '../rules/rule.store.ts';
import { attributesOfSender } from '../rules/study-attributes.ts';
import { findStudy, type StudyRow } from '../pipeline/stores/study.store.ts';
import type { StudyJob } from '../pipeline/plan/stages.ts';
import type { DescribedInstance, FoundInstance } from '../ports/pacs/pacs.ts';
import { createJob } from './create-job.ts';
import type { InferenceTools } from './inference-tools.ts';
import { isSample } from './is-sample.ts';
import { IMAGES_A_JOB } from './run-job.ts';
import { appliedInference, SAMPLE_RULE } from './inference-rules.ts';
import { fetchWhole, isImage, LISTED_LIMIT } from '../images/study-images.ts';

export const RULE_QUEUE = 'inference';

/** Only the header contains these, so it is read if a rule has a condition on one of them. */
const IN_HEADER: readonly Condition[] = ['bodyPart', 'description'];
const OUTSIDE_HEADER = CONDITIONS.filter((condition) => !IN_HEADER.includes(condition));

/** An instance in the PACS, and the rules that it meets apart from their conditions on the header. */
type Candidate = {
  readonly one: DescribedInstance;
  readonly attributes: Attributes;
  readonly fitting: readonly InferenceRule[];
};
type Meant = {
  readonly rule: Pick<InferenceRule, 'name' | 'priority'>;
  readonly model: string;
  readonly sopInstanceUID: string;
};

/** Throws PacsUnreachable, after which the job is run again. */
export async function applyRules(
  { studyId }: StudyJob,
  tools: InferenceTools,
  signal: AbortSignal,
): Promise<void> {
  const study = await findStudy(tools.db, studyId);
  if (study === undefined) return;
  const rules = await rulesFor(study, tools);
  if (rules.length === 0) return;
  const candidates = await candidatesIn(study, rules, tools, signal);
  // A rule meant for projections that matches a volume would fill the queue and have every slice read, which is of no
  // use to anybody.
  if (candidates.length > IMAGES_A_JOB) return;
  const meant: Meant[] = [];
  for (const { one, attributes, fitting } of candidates) {
    const asksHeader = fitting.some(({ when }) => IN_HEADER.some((condition) => when[condition]));
    const whole = asksHeader ? { ...attributes, ...(await headerOf(one, tools, signal)) } : attributes;
    const taking = fitting.filter(({ when }) => firstUnmet(when, whole, IN_HEADER) === null);
    const { sopInstanceUID } = one;
    for (const rule of taking) for (const model of rule.models) meant.push({ rule, model, sopInstanceUID });
  }
  if (meant.length > 0) await tools.db.transaction().execute((trx) => ask(trx, tools, study, meant));
}

async function rulesFor(study: StudyRow, tools: InferenceTools): Promise<readonly InferenceRule[]> {
  const enabled = (await inferenceRules(tools.db, study.site_id)).filter((rule) => rule.enabled);
  return ((await isSample(study, tools)) ? [...enabled, SAMPLE_RULE] : enabled).map(appliedInference);
}

/** The images of the study that a device sent and that are in the PACS. Throws PacsUnreachable. */
async function candidatesIn(
  study: StudyRow,
  rules: readonly InferenceRule[],
  { db, pacs }: InferenceTools,
  signal: AbortSignal,
): Promise<Candidate[]> {
  const inPacs = await instancesOf(db, study.id, IN_PACS);
  if (inPacs.length === 0) return [];
  const policies = new Map(inPacs.map((row) => [row.sop_instance_uid, row.policy_name]));
  const listed = await pacs.describeStudy(study.study_instance_uid, LISTED_LIMIT, signal);
  const sender = await attributesOfSender(db, study.id);
  return listed.flatMap((one) => {
    const policy = policies.get(one.sopInstanceUID);
    if (policy === undefined || policy === RESULTS_POLICY.name || !isImage(one)) return [];
    const attributes: Attributes = {
      ...NO_ATTRIBUTES,
      ...sender,
      policy: [policy],
      modality: one.modality === null ? [] : [one.modality],
      sopClass: one.sopClassUID === null ? [] : [one.sopClassUID],
    };
    const fitting = rules.filter(({ when }) => firstUnmet(when, attributes, OUTSIDE_HEADER) === null);
    return fitting.length === 0 ? [] : [{ one, attributes, fitting }];
  });
}

/** Creates a job for each image and model that have none yet. */
async function ask(
  trx: Trx,
  tools: InferenceTools,
  { site_id: siteId, study_instance_uid: studyInstanceUID }: StudyRow,
  meant: readonly Meant[],
): Promise<void> {
  const fresh = await withoutAsked(trx, siteId, studyInstanceUID, meant);
  if (fresh.length === 0) return;
  const ids: string[] = [];
  for (const { rule, model, sopInstanceUID } of fresh) {
    ids.push(
      await createJob(trx, tools, {
        siteId,
        accountId: null,
        ruleName: rule.name,
        kind: 'instance',
        studyInstanceUID,
        sopInstanceUID,
        model,
        priority: rule.priority,
      }),
    );
  }
  const rules = [...new Set(fresh.map(({ rule }) => rule.name))];
  await recordAudit(
    trx,
    siteId,
    { event: 'inference-asked', jobId: ids[0]!, jobs: ids.length, studies: [studyInstanceUID], rules },
    tools.now(),
  );
}

/** Empty if the PACS no longer has the instance or it is too large. Throws PacsUnreachable. */
async function headerOf(
  where: FoundInstance,
  { pacs, examiner }: InferenceTools,
  signal: AbortSignal,
): Promise<Pick<Attributes, 'bodyPart' | 'description'>> {
  const bytes = await fetchWhole(pacs, where, signal).catch((error: unknown) => {
    if (error instanceof Problem) return null;
    throw error;
  });
  const said = bytes === null ? null : await examiner.header(bytes, signal);
  return { bodyPart: listOf(said?.bodyPart), description: listOf(said?.description) };
}

const listOf = (value: string | null | undefined): readonly string[] => (value == null ? [] : [value]);

/**
 * Leaves out the images and models that already have a job or a result, since a later revision of the study only adds
 * instances. Failed jobs are tried once more. Old jobs are removed (remove-outdated.ts), but their results stay.
 */
async function withoutAsked(
  trx: Trx,
  siteId: string,
  studyInstanceUID: string,
  meant: readonly Meant[],
): Promise<Meant[]> {
  const asked = await trx
    .selectFrom('inference_job')
    .select(['sop_instance_uid', 'model_id'])
    .where('site_id', '=', siteId)
    .where('study_instance_uid', '=', studyInstanceUID)
    .where('rule_name', 'is not', null)
    .where('state', '<>', 'failed')
    .execute();
  const answered = await trx
    .selectFrom('inference_result as r')
    .innerJoin('result_request as q', 'q.result_id', 'r.id')
    .select(['r.sop_instance_uid', 'r.model_id'])
    .where('r.site_id', '=', siteId)
    .where('r.study_instance_uid', '=', studyInstanceUID)
    .where('q.account_id', 'is', null)
    .where('q.job_id', 'is', null)
    .execute();
  const seen = new Set(
    [...asked, ...answered].map(({ sop_instance_uid, model_id }) => `${sop_instance_uid} ${model_id}`),
  );
  return meant.filter(({ model, sopInstanceUID }) => {
    const key = `${sopInstanceUID} ${model}`;
    return !seen.has(key) && seen.add(key);
  });
}
