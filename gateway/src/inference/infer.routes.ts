/**
 * `POST /predict` answers about one image at once. `POST /infer` and `/infer/batch` create a job for each image, or
 * for each study in the PACS.
 *
 * An image sent to `/predict` is never written to a disk. An image that waits for a job is stored encrypted until the
 * job has ended. File names are ignored.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { inferRequestSchema, type Job } from '#shared/protocol/inference.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { joinChunks } from '../threads/gather-bytes.ts';
import { holdBody } from '../http/hold-body.ts';
import { oneOfFew } from '../http/one-of-few.ts';
import { createPlaces, type Places } from '../http/places.ts';
import {
  allow,
  callerOf,
  createRouter,
  type Caller,
  type GatewayContext,
  type Router,
} from '../http/route.ts';
import { askModels, type Input } from './ask-models.ts';
import { codeOf } from './code-of-error.ts';
import type { JobOrder } from './create-job.ts';
import { ASKERS, describeInference } from './describe-infer.ts';
import type { Film } from '../images/examine-thread.ts';
import type { InferenceTools } from './inference-tools.ts';
import { placeOrders } from './place-orders.ts';
import {
  BATCH,
  batchRequestSchema,
  FILE_BYTES_LIMIT,
  readFiles,
  readJson,
  type AskedFields,
  type Sent,
} from './read-form.ts';
import { withModels } from './with-models.ts';

/** Batches are not urgent, so they have separate places and take none from callers that wait for an answer. */
const PLACES = { atOnce: 4, ofOne: 2 };
const BATCH_PLACES = { atOnce: 2, ofOne: 1 };

export function inferRoutes(tools: InferenceTools): Router {
  const router = createRouter();
  const places = createPlaces(PLACES);
  const batchPlaces = createPlaces(BATCH_PLACES);
  describeInference(router);
  router.post('/predict', allow(ASKERS), (c) => holding(c, (sent) => predict(c, tools, places, sent)));
  router.post('/infer', allow(ASKERS), (c) => infer(c, tools, places));
  router.post('/infer/batch', allow(ASKERS), (c) => inferBatch(c, tools, batchPlaces));
  return router;
}

/** Holds one file of the body in memory at a time, while it is read and processed. */
function holding<T>(c: GatewayContext, work: (sent: Sent) => Promise<T>, isBatch = false): Promise<T> {
  const body = { request: c.req.raw, from: callerOf(c).id, heldBytes: FILE_BYTES_LIMIT, isBatch };
  const contentType = c.req.header('content-type') ?? '';
  return holdBody(body, (pieces) => work({ contentType, query: c.req.query(), body: pieces }));
}

async function predict(
  c: GatewayContext,
  tools: InferenceTools,
  places: Places,
  sent: Sent,
): Promise<Response> {
  const film: Film = { bytes: new Uint8Array() };
  const fields = await readFiles(sent, 1, async (chunks) => {
    film.bytes = await joinChunks(chunks);
  });
  return oneOfFew(c, places, () => answerNow(c, tools, { film, fields }));
}

type Asked = { readonly film: Film; readonly fields: AskedFields };

async function answerNow(
  c: GatewayContext,
  tools: InferenceTools,
  { film, fields }: Asked,
): Promise<Response> {
  const caller = callerOf(c);
  const hungUp = c.req.raw.signal;
  // The caller's time limit does not run while the engine starts. If the engine cannot start, the run reports that.
  await ignoreFailure(tools.engine.ready(hungUp), 'the run says why');
  await ignoreFailure(tools.examiner.ready(hungUp), 'the question says why');
  const began = performance.now();
  const { timeoutSeconds } = fields;
  const withinMs = timeoutSeconds === undefined ? tools.inferencePatience.answerMs : timeoutSeconds * 1000;
  const signal = AbortSignal.any([hungUp, AbortSignal.timeout(withinMs)]);
  const { siteId } = caller;
  const ask = {
    siteId,
    parameters: fields.parameters,
    useCache: fields.cache,
    asker: { askedId: tools.newId(), accountId: caller.id, jobId: null },
  };
  const { frame } = fields;
  const input: Input = { source: 'file', digest: null, frame, triage: null, film: async () => film };
  const wanted = { siteId, model: fields.model, version: fields.version ?? null };
  const answered = await withModels(wanted, tools, (set) =>
    askModels({ input, set, ask }, tools, signal),
  ).catch((error: unknown) => {
    const code = codeOf(error, signal);
    throw code === null || error instanceof Problem ? error : new Problem(code);
  });
  if (answered.kind === 'refused') throw new Problem(answered.because);
  const { result, cached } = answered;
  c.header('Content-Location', `results/${result.id}`);
  return c.json({ ...result.finding, cached, ms: Math.round(performance.now() - began) }, 200);
}

async function infer(c: GatewayContext, tools: InferenceTools, places: Places): Promise<Response> {
  const caller = callerOf(c);
  if (!isJson(c)) {
    const [shown] = await holding(c, (sent) => takeFiles(c, tools, { places, sent, limit: 1 }));
    return accepted(c, shown!);
  }
  const asked = await readJson(inferRequestSchema, bodyOf(c), senderOf(c));
  const { studyInstanceUID } = asked;
  if (studyInstanceUID === undefined) throw new Problem('invalid-request', 'Invalid: studyInstanceUID.');
  const kind = asked.sopInstanceUID === undefined ? 'study' : 'instance';
  const [shown] = await placeOrders(caller, [{ ...asked, ...ofCaller(caller), kind }], tools);
  return accepted(c, shown!);
}

async function inferBatch(c: GatewayContext, tools: InferenceTools, places: Places): Promise<Response> {
  const caller = callerOf(c);
  if (!isJson(c)) {
    const jobs = await holding(c, (sent) => takeFiles(c, tools, { places, sent, limit: BATCH.files }), true);
    return c.json({ jobs }, 202);
  }
  const { studies, ...asked } = await readJson(batchRequestSchema, bodyOf(c), senderOf(c));
  const orders = [...new Set(studies)].map(
    (studyInstanceUID): JobOrder => ({ ...asked, ...ofCaller(caller), kind: 'study', studyInstanceUID }),
  );
  return c.json({ jobs: await placeOrders(caller, orders, tools) }, 202);
}

type SentFiles = { readonly places: Places; readonly sent: Sent; readonly limit: number };
type Kept = { readonly id: string; readonly wrappedKey: Uint8Array; readonly bytes: number };

/**
 * Stores each file on the disk, encrypted, before its job exists. If one file is refused, none is kept. A single file
 * that no model could examine is refused at once. In a batch each job ends with its own reason, so a damaged file
 * does not delay the others.
 */
async function takeFiles(
  c: GatewayContext,
  tools: InferenceTools,
  { places, sent, limit }: SentFiles,
): Promise<Job[]> {
  const caller = callerOf(c);
  const kept: Kept[] = [];
  try {
    const keep = async (chunks: readonly Uint8Array[]): Promise<void> => {
      const id = tools.newId();
      kept.push({ id, ...(await tools.inputs.keep(id, chunks)) });
      if (limit === 1) await requireImage(await joinChunks(chunks), tools, c.req.raw.signal);
    };
    const fields = await readFiles(sent, limit, (chunks) => oneOfFew(c, places, () => keep(chunks)));
    const orders = kept.map(
      (input): JobOrder => ({ ...fields, ...ofCaller(caller), id: input.id, kind: 'file', input }),
    );
    return await placeOrders(caller, orders, tools);
  } catch (error) {
    await Promise.all(kept.map(({ id, wrappedKey }) => tools.inputs.destroy(id, wrappedKey)));
    throw error;
  }
}

/**
 * Decodes the image's first frame. If that takes too long, or the thread ends, the job discovers it later.
 * @throws Problem: why no model could examine the image.
 */
async function requireImage(
  bytes: Uint8Array<ArrayBuffer>,
  { examiner, inferencePatience }: InferenceTools,
  hungUp: AbortSignal,
): Promise<void> {
  const signal = AbortSignal.any([hungUp, AbortSignal.timeout(inferencePatience.answerMs)]);
  const seen = await ignoreFailure(
    examiner.show({ bytes, frame: 0, digest: null }, signal),
    'the job looks again, and says what is wrong',
  );
  if (seen?.kind === 'refused') throw new Problem(seen.because);
}

const ofCaller = ({ siteId, id: accountId }: Caller) => ({ siteId, accountId });
const isJson = (c: GatewayContext): boolean =>
  /^application\/json\b/i.test(c.req.header('content-type') ?? '');

const senderOf = (c: GatewayContext) => ({ from: callerOf(c).id, signal: c.req.raw.signal });

function bodyOf(c: GatewayContext): AsyncIterable<Uint8Array> {
  const { body } = c.req.raw;
  if (body === null) throw new Problem('bad-request');
  return body;
}

/** The location is relative, because the API is served under two roots. */
function accepted(c: GatewayContext, shown: Job): Response {
  return c.json(shown, 202, { Location: `jobs/${shown.id}` });
}
