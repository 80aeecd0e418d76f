/**
 * Checks a model before it is added. The gateway must be able to use it by its card. Then the model is loaded,
 * compared with the card, and run once on a grey picture.
 */
import { CARDS, type ModelCard } from '#shared/models/card.ts';
import type { ModelId } from '#shared/models/model.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { EngineFault, type Engine, type EngineModel } from '../ports/engine/engine.ts';

/** A run takes milliseconds, and nothing else runs while the gateway waits for it. */
const PATIENCE_MS = 2_000;
const ALL_MS = 30_000;

export function engineModelOf(
  { input, outputs }: ModelCard,
  digest: string,
  path: string,
  trial: string,
): EngineModel {
  return { digest, path, trial, input, outputs };
}

/**
 * Requires outputs that the gateway can read. A version of one of its own models must have all outputs of that model;
 * any other model must have one probability for each of its classes.
 * @throws Problem model-shape-mismatch; model-not-usable: only the gateway's own models may have this task.
 */
function requireAskable({ id, task, input, outputs, classes = [] }: ModelCard): void {
  const own = Object.hasOwn(CARDS, id) ? CARDS[id as ModelId] : null;
  if (own === null && task !== 'classification') throw new Problem('model-not-usable');
  const shapes = own === null ? { probabilities: { shape: [1, classes.length] } } : own.outputs;
  const [batch, channels, rows, columns] = input.shape;
  const isSquare =
    input.shape.length === 4 &&
    batch === 1 &&
    channels === 1 &&
    rows === columns &&
    (own === null || own.input.shape[2] === rows);
  const isAnswer = Object.entries(shapes).every(
    ([name, { shape }]) => outputs[name]?.shape.join() === shape.join(),
  );
  const isNamed =
    own === null
      ? classes.length > 0
      : own.classes?.join() === (classes.length === 0 ? undefined : classes.join());
  if (!isSquare || !isAnswer || !isNamed) throw new Problem('model-shape-mismatch');
}

/** @throws Problem with the code of the fault that the engine finds. */
export async function checkModel(card: ModelCard, model: EngineModel, engine: Engine): Promise<void> {
  requireAskable(card);
  const signal = AbortSignal.timeout(ALL_MS);
  const { shape } = card.input;
  try {
    await engine.check(model, signal);
    const data = new Float32Array(shape.reduce((product, length) => product * length, 1)).fill(0.5);
    await engine.run(model, { dims: shape, data }, { timeoutMs: PATIENCE_MS, signal });
  } catch (error) {
    if (signal.aborted) throw new Problem('model-timeout');
    throw error instanceof EngineFault ? new Problem(error.code, error.message) : error;
  }
}
