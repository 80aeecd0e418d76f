/**
 * One image, one question: from the cache, or by the models. What they say is kept before it is told, so that
 * the same question has the same answer everywhere and for ever.
 *
 * A model whose file is not what it should be is marked so, and the next one that may answer does; a model
 * that crashes, hangs or answers nonsense is an error with a name, and says nothing of the others.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Kysely } from 'kysely';
import { disagreement } from '#shared/models/disagreement.ts';
import type { Population } from '#shared/models/model.ts';
import type { DeviceTriage, Finding } from '#shared/protocol/inference.ts';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import type { JobParameters } from '../database/inference-tables.ts';
import type { Tables } from '../database/tables.ts';
import { engineModelOf } from '../models/check-model.ts';
import { countUse } from '../models/model-use.store.ts';
import { setFailed, type ModelVersion } from '../models/model.store.ts';
import { EngineFault } from '../ports/engine/engine.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import {
  cacheKey,
  findCached,
  insertRequest,
  insertResult,
  type Asker,
  type Disagreement,
  type InputSource,
  type ResultRow,
} from '../results/result.store.ts';
import type { Examined, Question } from './examination.ts';
import type { Run } from './examine-thread.ts';
import type { InferenceTools } from './inference-tools.ts';
import { chooseModels, refsOf, wordsOf, type ModelSet } from './model-set.ts';

/** Of one image. `digest` null: not known before it is read. */
export type Input = {
  /** From where it came: whose image a file is, only the file says, and anybody can write that. */
  readonly source: InputSource;
  readonly digest: string | null;
  /** Counted from 0. */
  readonly frame: number;
  readonly bytes: (signal: AbortSignal) => Promise<Uint8Array>;
  /** What the device said of it. */
  readonly triage: DeviceTriage | null;
};
export type Ask = {
  readonly siteId: string;
  readonly parameters: JobParameters;
  readonly useCache: boolean;
  readonly asker: Asker;
};
export type Answered =
  | { readonly kind: 'answered'; readonly result: ResultRow; readonly cached: boolean }
  /** The image is none that a model could look at. */
  | { readonly kind: 'refused'; readonly because: AnyProblemCode };

/**
 * One run of a model takes milliseconds. One that takes so long hangs, and holds up all others: an image that
 * is to be answered in 5 s must survive it.
 */
const RUN_TIMEOUT_MS = 3_000;
/**
 * The file or what is in it is wrong, or it has failed too often in a row: it will be so the next time, too.
 */
const LASTING_FAULTS: ReadonlySet<string> = new Set([
  'model-changed',
  'model-unreadable',
  'model-external-data',
  'model-shape-mismatch',
  'model-too-large',
  'model-failed',
]);
/** Each is marked at most once; more than the models of one question there are none. */
const CHOICES = 5;

/**
 * Does `work` with the models that answer for this one; where one of them turns out to be unusable it is
 * marked so, and chosen anew.
 * @throws Problem model-not-found, model-unavailable, model-not-usable, and what `work` throws.
 */
export async function withModels<T>(
  {
    siteId,
    model,
    version,
  }: { readonly siteId: string; readonly model: string; readonly version: string | null },
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
 * The engine calls a model unavailable where its file is gone, and where no process starts: that is not the
 * model's fault.
 */
const isWrongItself = ({ code, digest }: EngineFault, { pathOf }: InferenceTools): boolean =>
  LASTING_FAULTS.has(code) || (code === 'model-unavailable' && !existsSync(pathOf(digest)));

/** Which one it was is known by its digest. */
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

/** @throws EngineFault, what `input.bytes` throws, and the signal's reason. */
export async function askModels(
  input: Input,
  set: ModelSet,
  ask: Ask,
  tools: InferenceTools,
  signal: AbortSignal,
): Promise<Answered> {
  const began = performance.now();
  const { model_id: id, version } = set.asked;
  const count: Count = async (db, outcome) => {
    const seconds = (performance.now() - began) / 1000;
    tools.metrics.inference(id, outcome, seconds);
    await countUse(db, { siteId: ask.siteId, name: { id, version }, outcome, seconds, at: tools.now() });
  };
  try {
    const answered = await answer(input, set, ask, tools, count, signal);
    if (answered.kind === 'refused') await count(tools.db, answered.because);
    return answered;
  } catch (error) {
    // Where the database is away, the error says more than the count.
    await count(tools.db, codeOf(error, signal) ?? 'unexpected').catch(() => undefined);
    throw error;
  }
}

/** Counts this image, in the transaction that answers it. */
type Count = (db: Kysely<Tables>, outcome: string) => Promise<void>;

async function answer(
  input: Input,
  set: ModelSet,
  ask: Ask,
  tools: InferenceTools,
  count: Count,
  signal: AbortSignal,
): Promise<Answered> {
  const { siteId, parameters, useCache, asker } = ask;
  const population =
    input.triage === null || (input.triage.runtime === 'none' && input.triage.population === 'unknown')
      ? null
      : input.triage.population;
  const keyOf = (inputDigest: string): string =>
    cacheKey({
      inputDigest,
      source: input.source,
      frame: input.frame,
      models: wordsOf(set),
      parameters,
      population,
    });
  const cached = async (digest: string): Promise<Answered | null> => {
    const result = useCache ? await findCached(tools.db, siteId, keyOf(digest)) : undefined;
    if (result === undefined) return null;
    await tools.db.transaction().execute(async (trx) => {
      await insertRequest(trx, result.id, asker, true, tools.now());
      await count(trx, 'cached');
    });
    return { kind: 'answered', result, cached: true };
  };
  const known = input.digest === null ? null : await cached(input.digest);
  if (known !== null) return known;
  const bytes = await input.bytes(signal);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const again = digest === input.digest ? null : await cached(digest);
  if (again !== null) return again;
  const examined = await tools.examiner.examine(
    questionOf(bytes, digest, input, set, parameters, population, tools),
    runOf(set, tools),
    signal,
  );
  if (examined.kind === 'refused') return examined;
  return {
    kind: 'answered',
    cached: false,
    result: await keep(examined, set, keyOf(digest), input, ask, tools, count),
  };
}

async function keep(
  { finding: found, maps }: Extract<Examined, { kind: 'examined' }>,
  set: ModelSet,
  key: string,
  { triage, source }: Input,
  ask: Ask,
  tools: InferenceTools,
  count: Count,
): Promise<ResultRow> {
  const finding = source === 'file' ? withoutIdentifiers(found) : found;
  const { siteId, asker } = ask;
  const differs = disagreementOf(triage, finding);
  const now = tools.now();
  const id = tools.newId();
  const result = await tools.db.transaction().execute(async (trx) => {
    const kept = await insertResult(trx, {
      id,
      siteId,
      key,
      finding,
      models: refsOf(set),
      maps,
      disagreement: differs,
      now,
    });
    await insertRequest(trx, kept.id, asker, false, now);
    await count(trx, 'answered');
    return kept;
  });
  if (differs !== null && result.id === id) tools.metrics.disagreement(finding.model.id);
  return result;
}

/**
 * What a file says of itself makes it no study's: its result would be shown beside a stranger's images, and
 * open them.
 */
function withoutIdentifiers(finding: Finding): Finding {
  const { digest, kind, rows, columns, frame } = finding.input;
  return { ...finding, input: { digest, kind, rows, columns, frame } };
}

/**
 * Null: they agree, or the model that scored here did not run on the device: it scores nobody of whom it does
 * not know that the model is meant for them.
 */
const disagreementOf = (triage: DeviceTriage | null, { model, score }: Finding): Disagreement | null =>
  triage !== null && triage.models.some(({ digest }) => digest === model.digest)
    ? disagreement(triage.score, score)
    : null;

function questionOf(
  bytes: Uint8Array,
  digest: string,
  { frame }: Input,
  { asked, insteadOf, models }: ModelSet,
  parameters: JobParameters,
  population: Population | null,
  { engine }: InferenceTools,
): Question {
  const { model_id: id, version, digest: modelDigest } = asked;
  return {
    bytes,
    digest,
    frame,
    parameters,
    population,
    cards: new Map([...models].map(([role, { card }]) => [role, card])),
    model: {
      id,
      version,
      digest: modelDigest,
      runtime: engine.runtime,
      ...(insteadOf === null ? {} : { insteadOf }),
    },
  };
}

function runOf({ models }: ModelSet, { engine, pathOf }: InferenceTools): Run {
  return async (role, input, signal) => {
    const model = models.get(role);
    if (model === undefined) throw new Error('the question has no such model');
    return engine.run(engineModelOf(model.card, model.digest, pathOf(model.digest), trialOf(model)), input, {
      timeoutMs: RUN_TIMEOUT_MS,
      signal,
    });
  };
}

/** At every gateway, an activation gives the model another trial. */
const trialOf = ({ activated_at, added_at }: ModelVersion): string =>
  (activated_at ?? added_at).toISOString();

/**
 * What an error is called towards who asked; null: nobody expected it. Once the signal has ended the
 * question, that is the reason: its time was up, or nobody waits for the answer any more (the job was
 * cancelled, the caller hung up, the gateway stops).
 */
export function codeOf(error: unknown, { aborted, reason }: AbortSignal): AnyProblemCode | null {
  if (error instanceof EngineFault || error instanceof Problem) return error.code;
  if (aborted) return isTimeUp(reason) ? 'inference-timeout' : 'called-off';
  return error instanceof PacsUnreachable ? 'pacs-unreachable' : null;
}

/** Of `AbortSignal.timeout`. */
const isTimeUp = (reason: unknown): boolean =>
  reason instanceof DOMException && reason.name === 'TimeoutError';
