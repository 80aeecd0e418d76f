/**
 * Answers a question about one image, from the cache or with the models. The models' answer is stored before it is
 * returned, so the same question always gets the same answer, at every gateway.
 *
 * A model that crashes, hangs or returns nonsense gives a named error and does not affect the others.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { disagreement, SCORED_ON_DEVICE } from '#shared/models/disagreement.ts';
import type { Population } from '#shared/models/model.ts';
import type { DeviceTriage, Finding } from '#shared/protocol/inference.ts';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import type { Db } from '../database/database.ts';
import type { JobParameters } from '../database/inference-tables.ts';
import { engineModelOf } from '../models/check-model.ts';
import { keepCohort } from '../models/cohort.store.ts';
import { countUses } from '../models/model-use.store.ts';
import type { ModelVersion } from '../models/model.store.ts';
import { cacheKey, findCached, type InputSource } from '../results/result-cache.ts';
import {
  insertRequest,
  insertResult,
  type Asker,
  type Disagreement,
  type ResultRow,
} from '../results/result.store.ts';
import { runAnswerOf } from '../results/run-answer.ts';
import { digestInTurns } from '../threads/in-turns.ts';
import { codeOf } from './code-of-error.ts';
import type { Examined, Question } from '../images/examination.ts';
import type { Film, Run } from '../images/examine-thread.ts';
import type { InferenceTools } from './inference-tools.ts';
import { refsOf, wordsOf, type ModelSet } from './model-set.ts';

/** An image to examine. `digest` null: unknown until the image is read. */
export type Input = {
  /**
   * Where the image came from. For a file, only the file itself says whose image it is, and anybody can write that.
   */
  readonly source: InputSource;
  readonly digest: string | null;
  /** Counted from 0. */
  readonly frame: number;
  /**
   * The bytes are in memory that nothing else uses, because they are transferred to the thread that examines them.
   */
  readonly film: (signal: AbortSignal) => Promise<Film>;
  /** The device's own findings on the image. */
  readonly triage: DeviceTriage | null;
};
export type Ask = {
  readonly siteId: string;
  readonly parameters: JobParameters;
  readonly useCache: boolean;
  readonly asker: Asker;
};
type Answered =
  | { readonly kind: 'answered'; readonly result: ResultRow; readonly cached: boolean }
  /** No model can examine the image. */
  | { readonly kind: 'refused'; readonly because: AnyProblemCode };

/**
 * A model takes milliseconds. A run that takes this long hangs and delays all others, and an image that must be
 * answered within 5 s must survive that.
 */
const RUN_TIMEOUT_MS = 3_000;
/** An image, the models that examine it, and how they are asked. */
type ImageQuestion = { readonly input: Input; readonly set: ModelSet; readonly ask: Ask };

/** @throws EngineFault, errors of `input.film`, and the signal's reason. */
export async function askModels(
  question: ImageQuestion,
  tools: InferenceTools,
  signal: AbortSignal,
): Promise<Answered> {
  const looks: Looks = new Map();
  const count = counterOf(question, tools, looks);
  try {
    const answered = await answer({ ...question, tools, count, looks }, signal);
    if (answered.kind === 'refused') await count(tools.db, answered.because);
    return answered;
  } catch (error) {
    const outcome = codeOf(error, signal) ?? 'unexpected';
    await ignoreFailure(count(tools.db, outcome), 'while the database is away, the error says more');
    throw error;
  }
}

/** Counts this image in the transaction that stores its answer. */
type Count = (db: Db, outcome: string) => Promise<void>;
/**
 * The models that examined the image in addition to the requested one: the outcome, and the total time of their runs.
 */
type Looks = Map<ModelVersion, { outcome: string; seconds: number }>;

/**
 * The requested model is counted with the time of the whole question, because decoding is part of how long people
 * wait.
 */
function counterOf({ set, ask }: ImageQuestion, tools: InferenceTools, looks: Looks): Count {
  const began = performance.now();
  const { asked } = set;
  return async (db, outcome) => {
    const seconds = (performance.now() - began) / 1000;
    tools.metrics.inference(asked.model_id, outcome, seconds);
    const uses = new Map(looks).set(asked, { outcome, seconds });
    const { siteId } = ask;
    const named = [...uses].map(([{ model_id: id, version }, use]) => ({ name: { id, version }, ...use }));
    await countUses(db, { siteId, at: tools.now() }, named);
  };
}

type Answering = ImageQuestion & {
  readonly tools: InferenceTools;
  readonly count: Count;
  readonly looks: Looks;
};

async function answer(answering: Answering, signal: AbortSignal): Promise<Answered> {
  const { input, set, tools } = answering;
  const known = input.digest === null ? null : await answerCached(answering, input.digest);
  if (known !== null) return known;
  const film = await input.film(signal);
  const digest = await digestInTurns([film.bytes]);
  const again = digest === input.digest ? null : await answerCached(answering, digest);
  if (again !== null) return again;
  const examined = await tools.examiner.examine(
    film,
    questionOf(answering, digest),
    runOf(set, tools, answering.looks),
    signal,
  );
  if (examined.kind === 'refused') return examined;
  return { kind: 'answered', cached: false, result: await keep(answering, examined, digest) };
}

async function answerCached(answering: Answering, digest: string): Promise<Answered | null> {
  const { ask, tools, count } = answering;
  const result = ask.useCache ? await findCached(tools.db, ask.siteId, keyOf(answering, digest)) : undefined;
  if (result === undefined) return null;
  await tools.db.transaction().execute(async (trx) => {
    await insertRequest(trx, result.id, { ...ask.asker, cached: true, now: tools.now() });
    await count(trx, 'cached');
  });
  return { kind: 'answered', result, cached: true };
}

function keyOf({ input, set, ask }: ImageQuestion, inputDigest: string): string {
  return cacheKey({
    inputDigest,
    source: input.source,
    sender: input.source === 'file' ? ask.asker.accountId : null,
    frame: input.frame,
    models: wordsOf(set),
    parameters: ask.parameters,
    population: populationSaid(input),
  });
}

/** The population that the device named; null if no model ran on the device and it does not know the population. */
function populationSaid({ triage }: Input): Population | null {
  if (triage === null || (triage.runtime === 'none' && triage.population === 'unknown')) return null;
  return triage.population;
}

async function keep(
  answering: Answering,
  { finding: found, maps, cohort }: Extract<Examined, { kind: 'examined' }>,
  digest: string,
): Promise<ResultRow> {
  const { input, set, ask, tools, count } = answering;
  const finding = input.source === 'file' ? withoutIdentifiers(found) : found;
  const differs = disagreementOf(input.triage, finding);
  const now = tools.now();
  const id = tools.newId();
  const result = await tools.db.transaction().execute(async (trx) => {
    const kept = await insertResult(trx, {
      id,
      siteId: ask.siteId,
      key: keyOf(answering, digest),
      finding,
      models: refsOf(set),
      maps,
      disagreement: differs,
      runAnswer: runAnswerOf(finding, ask.asker.jobId),
      now,
    });
    await insertRequest(trx, kept.id, { ...ask.asker, cached: false, now });
    const { studyInstanceUID } = finding.input;
    if (cohort !== null && studyInstanceUID !== undefined)
      await keepCohort(trx, { siteId: ask.siteId, studyInstanceUID }, cohort);
    await count(trx, 'answered');
    return kept;
  });
  if (differs !== null && result.id === id) tools.metrics.disagreement(finding.model.id);
  return result;
}

/**
 * Removes the study's identifiers. A file belongs to no study, whatever its header says; otherwise its result would
 * be shown with another patient's images, and give access to them.
 */
function withoutIdentifiers(finding: Finding): Finding {
  const { digest, kind, rows, columns, frame } = finding.input;
  return { ...finding, input: { digest, kind, rows, columns, frame } };
}

/**
 * Null: device and gateway agree, this is not the model with which the device scored, or the model did not run on the
 * device. The device scores only patients for whom the model is known to be meant.
 */
const disagreementOf = (triage: DeviceTriage | null, { model, score }: Finding): Disagreement | null =>
  model.id === SCORED_ON_DEVICE && triage?.models.some(({ digest }) => digest === model.digest)
    ? disagreement(triage.score, score)
    : null;

function questionOf({ input, set, ask, tools }: Answering, digest: string): Omit<Question, 'bytes'> {
  const { asked, insteadOf, models } = set;
  return {
    digest,
    frame: input.frame,
    parameters: ask.parameters,
    population: populationSaid(input),
    cards: new Map([...models].map(([role, { card }]) => [role, card])),
    model: {
      id: asked.model_id,
      version: asked.version,
      digest: asked.digest,
      runtime: tools.engine.runtime,
      ...(insteadOf === null ? {} : { insteadOf }),
    },
  };
}

function runOf({ models }: ModelSet, { engine, pathOf }: InferenceTools, looks: Looks): Run {
  return async (role, input, signal) => {
    const model = models.get(role);
    if (model === undefined) throw new Error('the question has no such model');
    const began = performance.now();
    const look = looks.get(model) ?? { outcome: 'answered', seconds: 0 };
    looks.set(model, look);
    try {
      const trial = engineModelOf(model.card, model.digest, pathOf(model.digest), trialOf(model));
      return await engine.run(trial, input, { timeoutMs: RUN_TIMEOUT_MS, signal });
    } catch (error) {
      look.outcome = codeOf(error, signal) ?? 'unexpected';
      throw error;
    } finally {
      look.seconds += (performance.now() - began) / 1000;
    }
  };
}

/** An activation gives the model a fresh trial at every gateway. */
const trialOf = ({ activated_at, added_at }: ModelVersion): string =>
  (activated_at ?? added_at).toISOString();
