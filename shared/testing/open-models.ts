/**
 * The product's models on the gateway's engine, and the labelled pictures that are kept beside the clone to
 * judge them by.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CARDS } from '#shared/models/card.ts';
import { MODEL_IDS, type ModelId, type RunModel } from '#shared/models/model.ts';
import { readImageFile } from '#shared/pixels/image-file.ts';
import type { GreyPicture } from '#shared/pixels/picture.ts';
import { createOnnxEngine } from '../../gateway/src/ports/engine/onnx-engine.ts';
import type { Engine, EngineModel } from '../../gateway/src/ports/engine/engine.ts';

const RUN_TIMEOUT_MS = 60_000;

/** The model as the engine takes it. */
export function engineModel(id: ModelId): EngineModel {
  const { sha256, file, input, outputs } = CARDS[id];
  return {
    digest: sha256,
    path: fileURLToPath(new URL(`../models/${file}`, import.meta.url)),
    input,
    outputs,
  };
}

/** The models that come with the product; the caller closes the engine. */
export function openModels(): {
  readonly models: Readonly<Record<ModelId, RunModel>>;
  readonly engine: Engine;
} {
  const engine = createOnnxEngine();
  const never = new AbortController().signal;
  const runOf =
    (id: ModelId): RunModel =>
    (input, signal = never) =>
      engine.run(engineModel(id), input, { timeoutMs: RUN_TIMEOUT_MS, signal });
  return {
    engine,
    models: Object.fromEntries(MODEL_IDS.map((id) => [id, runOf(id)])) as Record<ModelId, RunModel>,
  };
}

/** A row of `expected.json`. `camPeak`: column, row. */
export type EvalRow = {
  readonly file: string;
  readonly kind: string;
  readonly finding?: 'normal' | 'bacteria' | 'virus';
  readonly mask?: string;
  readonly expected: {
    readonly 'image-kind': readonly number[];
    readonly pneumonia?: {
      readonly probabilities: readonly number[];
      readonly score: number;
      readonly camPeak: readonly [number, number];
    };
    readonly 'lung-fields'?: { readonly fraction: number; readonly dice?: number };
  };
};
export type Evaluation = {
  readonly tolerance: {
    readonly probabilities: number;
    readonly score: number;
    readonly fraction: number;
    readonly dice: number;
    readonly camPeak: number;
  };
  readonly images: readonly EvalRow[];
  /** Read once. */
  picture(file: string): Promise<GreyPicture>;
};

const FOLDER = fileURLToPath(new URL('../../../shared/models/eval/', import.meta.url));

/** Null if it is not next to the clone. */
export async function openEvaluation(): Promise<Evaluation | null> {
  if (!existsSync(`${FOLDER}expected.json`)) return null;
  const { tolerance, images } = JSON.parse(await readFile(`${FOLDER}expected.json`, 'utf8')) as Evaluation;
  const pictures = new Map<string, Promise<GreyPicture>>();
  const read = async (file: string): Promise<GreyPicture> => {
    const outcome = await readImageFile(await readFile(`${FOLDER}${file}`));
    if (outcome.kind === 'refused') throw new Error(`${file}: ${outcome.because}`);
    return outcome.picture;
  };
  return {
    tolerance,
    images,
    picture: (file) => pictures.get(file) ?? pictures.set(file, read(file)).get(file)!,
  };
}
