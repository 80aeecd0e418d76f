/**
 * Provides the models of a question while it is processed. A model whose file is faulty is marked as failed, and the
 * next one that may answer takes its place.
 */
import { existsSync } from 'node:fs';
import { recordAudit } from '../audit/audit.ts';
import { setFailed } from '../models/model.store.ts';
import { EngineFault } from '../ports/engine/engine.ts';
import type { InferenceTools } from './inference-tools.ts';
import { chooseModels, type ModelSet } from './model-set.ts';

/** Faults that will occur again: the file or its content is wrong, or the model has failed too often in a row. */
const LASTING_FAULTS: ReadonlySet<string> = new Set([
  'model-changed',
  'model-unreadable',
  'model-external-data',
  'model-shape-mismatch',
  'model-too-large',
  'model-failed',
]);
/** Each model of a question is marked as failed at most once, and a question has at most this many models. */
const CHOICES = 5;

/** `version` null: the active version. */
type WantedModel = {
  readonly siteId: string;
  readonly model: string;
  readonly version: string | null;
};

/**
 * Does `work` with the models that answer for this one. A model that turns out to be unusable is marked as failed,
 * and the models are chosen again.
 * @throws Problem model-not-found, model-unavailable, model-not-usable, and whatever `work` throws.
 */
export async function withModels<T>(
  { siteId, model, version }: WantedModel,
  tools: InferenceTools,
  work: (set: ModelSet) => Promise<T>,
): Promise<T> {
  for (let left = CHOICES; ; left -= 1) {
    const set = await chooseModels(tools.db, siteId, model, version);
    try {
      return await work(set);
    } catch (error) {
      if (!(error instanceof EngineFault) || !isWrongItself(error, tools) || left === 0) throw error;
      await markFailed(siteId, set, error, tools);
    }
  }
}

/**
 * Whether the model itself is at fault. The engine calls a model unavailable if its file is gone, but also if no
 * process starts, which is not the model's fault.
 */
const isWrongItself = ({ code, digest }: EngineFault, { pathOf }: InferenceTools): boolean =>
  LASTING_FAULTS.has(code) || (code === 'model-unavailable' && !existsSync(pathOf(digest)));

/** The fault names the model by its digest. */
async function markFailed(
  siteId: string,
  { models }: ModelSet,
  { code, digest }: EngineFault,
  { db, now }: InferenceTools,
): Promise<void> {
  const failed = [...models.values()].find((one) => one.digest === digest);
  if (failed === undefined) return;
  const name = { id: failed.model_id, version: failed.version };
  await db.transaction().execute(async (trx) => {
    if (await setFailed(trx, siteId, name, code))
      await recordAudit(
        trx,
        siteId,
        { event: 'model-failed', model: name.id, version: name.version, because: code, by: null },
        now(),
      );
  });
}
