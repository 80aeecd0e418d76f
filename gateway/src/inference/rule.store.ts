/**
 * When a delivered study is examined automatically: the rules that an administrator has set, and the one that
 * every installation has.
 */
import type { Kysely, Transaction } from 'kysely';
import type { z } from 'zod';
import type { inferenceRuleSchema } from '#shared/protocol/inference.ts';
import type { Tables } from '../database/tables.ts';

export type InferenceRule = z.infer<typeof inferenceRuleSchema>;

/** For a rule that names no modality: projections, which the models here were made for. */
const DEFAULT_MODALITIES = ['CR', 'DX'];

/** For the sample study, which the first visitor sends: nobody is in it. */
export const SAMPLE_RULE: InferenceRule = {
  name: 'sample-study',
  enabled: true,
  model: 'pneumonia',
  priority: 0,
};
/** PS3.5 §B.2: as client/src/pipeline/ingest/sample-study.ts derives it. */
export const SAMPLE_PATIENT_ID = 'SAMPLE-1';
export const SAMPLE_STUDY = `2.25.${0xc5c0a5b40f6e4a538f0e6b1a40d90000n}`;

/** In the administrator's order. */
export async function rulesOf(db: Kysely<Tables>, siteId: string): Promise<InferenceRule[]> {
  const rows = await db
    .selectFrom('inference_rule')
    .select('rule')
    .where('site_id', '=', siteId)
    .orderBy('position')
    .execute();
  return rows.map(({ rule }) => rule);
}

/** All of them; none of those before. */
export async function replaceRules(
  trx: Transaction<Tables>,
  siteId: string,
  rules: readonly InferenceRule[],
): Promise<void> {
  await trx.deleteFrom('inference_rule').where('site_id', '=', siteId).execute();
  if (rules.length === 0) return;
  await trx
    .insertInto('inference_rule')
    .values(rules.map((rule, position) => ({ site_id: siteId, position, rule: JSON.stringify(rule) })))
    .execute();
}

/** CS values are compared without case, for stations write them as they like. */
const isAmong = (list: readonly string[] | undefined, value: string): boolean =>
  list === undefined || list.some((one) => one.toUpperCase() === value.toUpperCase());

/** Whether a rule applies to an instance, apart from the body part. `policy`: the one that it came under. */
export function isMeant(
  { enabled, modality = DEFAULT_MODALITIES, policy }: InferenceRule,
  instance: { readonly modality: string; readonly policy: string },
): boolean {
  return (
    enabled &&
    isAmong(modality, instance.modality) &&
    (policy === undefined || policy.includes(instance.policy))
  );
}

export const isMeantBodyPart = (rule: InferenceRule, bodyPart: string): boolean =>
  isAmong(rule.bodyPart, bodyPart);
