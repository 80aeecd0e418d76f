/**
 * The models that answer a question: the requested one, and those that it needs. They are chosen once at the start
 * and identified by digest from then on, so an activation or a stop in between affects only the next question.
 */
import { createHash } from 'node:crypto';
import type { ModelRef } from '#shared/models/model.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db } from '../database/database.ts';
import { answering, findModelVersion, type ModelName, type ModelVersion } from '../models/model.store.ts';
import type { RunRole } from '../images/examination.ts';

export type ModelSet = {
  readonly asked: ModelVersion;
  readonly insteadOf: ModelName | null;
  /** The models by role. The requested model has no second role. */
  readonly models: ReadonlyMap<RunRole, ModelVersion>;
};

/** The models that determine the kind of an image and the position of the lungs. */
const GATE = 'image-kind';
const LUNGS = 'lung-fields';
const EXPLAINED = 'pneumonia';

/** Whether the model gives answers of its own. A gradient only explains another model's answer. */
export const answersItself = ({ card }: Pick<ModelVersion, 'card'>): boolean => card.task !== 'explanation';

/** @throws Problem model-not-found, model-unavailable, model-not-usable. */
export async function chooseModels(
  db: Db,
  siteId: string,
  modelId: string,
  version: string | null,
): Promise<ModelSet> {
  const { version: asked, insteadOf } = await answering(db, siteId, modelId, version);
  if (!answersItself(asked)) throw new Problem('model-not-usable');
  const models = new Map<RunRole, ModelVersion>([['asked', asked]]);
  models.set(GATE, asked.model_id === GATE ? asked : (await answering(db, siteId, GATE)).version);
  // Without this model, the finding says that nothing looked for the lungs; without the gate there is no finding.
  const lungs = asked.model_id === LUNGS ? asked : await answeringOrNull(db, siteId, LUNGS);
  if (lungs !== null) models.set(LUNGS, lungs);
  if (asked.model_id === EXPLAINED) {
    // A gradient explains exactly the weights from which it was made, so it must have the same version.
    const gradient = await findModelVersion(db, siteId, { id: 'pneumonia-gradient', version: asked.version });
    if (gradient !== undefined && (gradient.state === 'active' || gradient.state === 'available'))
      models.set('pneumonia-gradient', gradient);
  }
  return { asked, insteadOf, models };
}

async function answeringOrNull(db: Db, siteId: string, id: string): Promise<ModelVersion | null> {
  try {
    return (await answering(db, siteId, id)).version;
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

/**
 * Everything on which an answer depends, as words: the requested model, the model that answers, and each model's
 * role, file and card.
 */
export function wordsOf({ asked, insteadOf, models }: ModelSet): string[] {
  const name = ({ id, version }: ModelName): string => `${id} ${version}`;
  const cardOf = ({ card }: ModelVersion): string =>
    createHash('sha256').update(JSON.stringify(card)).digest('hex');
  const roles = [...models].map(
    ([role, model]) => `${role} ${model.model_id} ${model.version} ${model.digest} ${cardOf(model)}`,
  );
  return [
    `answers ${name({ id: asked.model_id, version: asked.version })}`,
    `instead of ${insteadOf === null ? 'none' : name(insteadOf)}`,
    ...roles,
  ];
}

/** Every model of the set, listed once. */
export function refsOf({ models }: ModelSet): ModelRef[] {
  const refs = [...models.values()].map(({ model_id: id, version, digest }) => ({ id, version, digest }));
  return [...new Map(refs.map((ref) => [ref.digest, ref])).values()];
}
