/**
 * Inference rules decide when a delivered study is examined automatically. An administrator sets them; one more is
 * built into every installation.
 */
import type { DryRun, InferenceRule, Rule } from '#shared/protocol/rule.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db } from '../database/database.ts';
import { versionsOf } from '../models/model.store.ts';
import { answersItself } from './model-set.ts';

/** The modalities of a rule that names none: projections, for which the models here were made. */
const DEFAULT_MODALITIES = ['CR', 'DX'];

/** The rule for the sample study, both the first visitor's and each destination's. It contains no real patient. */
export const SAMPLE_RULE: InferenceRule = {
  name: 'sample-study',
  enabled: true,
  when: {},
  models: ['pneumonia'],
  priority: 0,
};
/** Patient ID of the sample study in client/src/pipeline/ingest/choose/sample-study.ts. */
export const SAMPLE_PATIENT_ID = 'SAMPLE-1';

/** Adds the default modalities to a rule that names none. */
export const appliedInference = <R extends Rule>(rule: R): R => ({
  ...rule,
  when: { ...rule.when, modality: rule.when.modality ?? DEFAULT_MODALITIES },
});

const modelsIn = (rules: readonly Rule[]): string[] => [
  ...new Set(rules.flatMap((rule) => ('models' in rule ? rule.models : []))),
];

/** @throws Problem model-not-found, model-not-usable. */
export async function checkInference(db: Db, siteId: string, rules: readonly Rule[]): Promise<void> {
  const known = Map.groupBy(await versionsOf(db, siteId), ({ model_id }) => model_id);
  for (const model of modelsIn(rules)) {
    const versions = known.get(model);
    if (versions === undefined) throw new Problem('model-not-found');
    if (!versions.some(answersItself)) throw new Problem('model-not-usable');
  }
}

export const inferenceBy = async (
  _db: Db,
  _siteId: string,
  takers: readonly Rule[],
): Promise<Pick<DryRun, 'models'>> => ({ models: modelsIn(takers) });
