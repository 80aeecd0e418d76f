/**
 * `POST /predict`: one image, answered at once. `POST /infer` and `/infer/batch`: a job for each image, or
 * for each study in the PACS.
 *
 * What is sent to `/predict` never touches a disk; what waits for a job lies encrypted until the job has
 * ended. Names of files are not looked at.
 */
import { z } from '@hono/zod-openapi';
import type { Role } from '#shared/protocol/api.ts';
import { inferRequestSchema, jobSchema, predictAnswerSchema, type Job } from '#shared/protocol/inference.ts';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Trx } from '../database/database.ts';
import {
  allow,
  callerOf,
  createRouter,
  describeRoute,
  jsonResponse,
  type Caller,
  type GatewayContext,
  type Router,
} from '../http/route.ts';
import { reachesStudy } from '../results/result-reach.ts';
import { askModels, codeOf, withModels, type Input } from './ask-models.ts';
import { createJob, type JobOrder } from './create-job.ts';
import { createFormPlaces } from './form-places.ts';
import type { InferenceTools } from './inference-tools.ts';
import { findJob, requireRoom, toShownJobs } from './job.store.ts';
import {
  BATCH,
  batchRequestSchema,
  FILE_BYTES_LIMIT,
  FILE_TYPES,
  readFiles,
  readJson,
  type Sent,
} from './read-form.ts';

const ASKERS: readonly Role[] = ['technician', 'radiologist', 'researcher', 'admin'];
/** Looking and answering, once all has come. */
const PREDICT_MS = 5_000;
/**
 * Each may hold 50 MB while it is read. A batch has its time: it takes nobody's place who waits for an
 * answer.
 */
const PLACES = { atOnce: 4, ofOne: 2 };
const BATCH_PLACES = { atOnce: 2, ofOne: 1 };
/** Whose jobs may go before the others'. */
const URGENT: readonly Role[] = ['radiologist', 'admin'];

export const IMAGE_PROBLEMS = [
  'file-too-large',
  'image-too-small',
  'image-too-large',
  'image-damaged',
  'image-type-unsupported',
  'image-without-pixels',
  'frame-not-found',
] as const satisfies readonly AnyProblemCode[];
export const MODEL_PROBLEMS = [
  'model-not-found',
  'model-unavailable',
  'model-not-usable',
  'model-crashed',
  'inference-timeout',
  'called-off',
] as const satisfies readonly AnyProblemCode[];
const FORM_PROBLEMS = ['bad-request', 'invalid-request', 'unsupported-media-type'] as const;

const job = z.object(jobSchema.shape).openapi('Job');
const field = { type: 'string' } as const;
const FIELDS = {
  model: field,
  version: field,
  frame: field,
  cache: field,
  threshold: field,
  steps: field,
  explain: field,
} as const;
const JOB_FIELDS = { ...FIELDS, priority: field, timeoutSeconds: field } as const;
const file = { type: 'string', format: 'binary' } as const;
/** A form, or the file itself; beside a file, what is asked stands in the address. */
const filesOf = (fields: object) => ({
  'multipart/form-data': {
    schema: { type: 'object' as const, properties: { file, ...fields }, required: ['file'] },
  },
  ...Object.fromEntries(FILE_TYPES.map((type) => [type, { schema: file }])),
});
const queryOf = (fields: object) =>
  z.object(Object.fromEntries(Object.keys(fields).map((name) => [name, z.string().optional()])));
const LIMITS = `PNG and JPEG of 64 to 2 048 pixels a side, or a DICOM instance of at least 64; at most ${FILE_BYTES_LIMIT / 1024 / 1024} MiB.`;

function describeRoutes(router: Router): void {
  const asked = { roles: ASKERS, tags: ['inference'], method: 'post' as const };
  const problems = [...FORM_PROBLEMS, ...IMAGE_PROBLEMS, ...MODEL_PROBLEMS];
  describeRoute(router, {
    ...asked,
    path: '/predict',
    problems,
    summary: 'What the models say of one image, at once',
    description: `A form with \`file\`, or the file itself: ${LIMITS} \`model\` is \`pneumonia\` unless said otherwise. \`Content-Location\` names the result.`,
    request: { query: queryOf(FIELDS), body: { required: true, content: filesOf(FIELDS) } },
    responses: { 200: jsonResponse(predictAnswerSchema, 'The finding. NOT FOR DIAGNOSTIC USE.') },
  });
  describeRoute(router, {
    ...asked,
    path: '/infer',
    problems: [...problems, 'body-too-large', 'study-not-found', 'storage-full'],
    summary: 'Have models look at an image, or at a study in the PACS, by a job',
    description: `A form with \`file\`, or the file itself: ${LIMITS} Or JSON that names a study in the PACS, and may name an instance of it.`,
    request: {
      query: queryOf(JOB_FIELDS),
      body: {
        required: true,
        content: { ...filesOf(JOB_FIELDS), 'application/json': { schema: inferRequestSchema } },
      },
    },
    responses: {
      202: { ...jsonResponse(job, 'It waits, or has begun.'), headers: z.object({ location: z.string() }) },
    },
  });
  describeRoute(router, {
    ...asked,
    path: '/infer/batch',
    problems: [...problems, 'body-too-large', 'study-not-found', 'too-many-inputs', 'storage-full'],
    summary: 'The same for several files, or several studies',
    description: `A form with up to ${BATCH.files} \`file\`s of ${BATCH.bytes / 1024 / 1024} MiB together, or JSON with up to ${BATCH.studies} \`studies\`. All are taken, or none.`,
    request: {
      query: queryOf(JOB_FIELDS),
      body: {
        required: true,
        content: { ...filesOf(JOB_FIELDS), 'application/json': { schema: batchRequestSchema } },
      },
    },
    responses: {
      202: jsonResponse(z.object({ jobs: z.array(job) }), 'In the order in which they were named.'),
    },
  });
}

type Kept = { readonly id: string; readonly wrappedKey: Uint8Array; readonly bytes: number };

export function inferRoutes(tools: InferenceTools): Router {
  const router = createRouter();
  const [places, batchPlaces] = [createFormPlaces(PLACES), createFormPlaces(BATCH_PLACES)];
  describeRoutes(router);

  /** @throws Problem rate-limited; called-off where the caller hung up meanwhile; what `work` throws. */
  async function oneOfFew<T>(c: GatewayContext, work: () => Promise<T>, among = places): Promise<T> {
    const leave = await among.enter(callerOf(c).id, c.req.raw.signal);
    try {
      return await work();
    } catch (error) {
      throw c.req.raw.signal.aborted && !(error instanceof Problem) ? new Problem('called-off') : error;
    } finally {
      leave();
    }
  }

  router.post('/predict', allow(ASKERS), (c) => oneOfFew(c, () => predict(c)));

  async function predict(c: GatewayContext): Promise<Response> {
    const caller = callerOf(c);
    let bytes: Uint8Array = new Uint8Array();
    const fields = await readFiles(sentOf(c), 1, async (chunks) => void (bytes = Buffer.concat(chunks)));
    const began = performance.now();
    const signal = AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(PREDICT_MS)]);
    const { siteId } = caller;
    const ask = {
      siteId,
      parameters: fields.parameters,
      useCache: fields.cache,
      asker: { askedId: tools.newId(), accountId: caller.id, jobId: null },
    };
    const input: Input = {
      source: 'file',
      digest: null,
      frame: fields.frame,
      triage: null,
      bytes: async () => bytes,
    };
    const answered = await withModels(
      { siteId, model: fields.model, version: fields.version ?? null },
      tools,
      (set) => askModels(input, set, ask, tools, signal),
    ).catch((error: unknown) => {
      const code = codeOf(error, signal);
      throw code === null || error instanceof Problem ? error : new Problem(code);
    });
    if (answered.kind === 'refused') throw new Problem(answered.because);
    c.header('Content-Location', `results/${answered.result.id}`);
    return c.json(
      { ...answered.result.finding, cached: answered.cached, ms: Math.round(performance.now() - began) },
      200,
    );
  }

  router.post('/infer', allow(ASKERS), async (c) => {
    const caller = callerOf(c);
    if (!isJson(c)) {
      const [shown] = await oneOfFew(c, () => takeFiles(c, caller, 1));
      return accepted(c, shown!);
    }
    const asked = await readJson(inferRequestSchema, bodyOf(c));
    const { studyInstanceUID } = asked;
    if (studyInstanceUID === undefined)
      throw new Problem('invalid-request', 'Not as asked for: studyInstanceUID.');
    const [shown] = await takeOrders(caller, [
      { ...asked, ...ofCaller(caller), kind: asked.sopInstanceUID === undefined ? 'study' : 'instance' },
    ]);
    return accepted(c, shown!);
  });

  router.post('/infer/batch', allow(ASKERS), async (c) => {
    const caller = callerOf(c);
    if (!isJson(c))
      return c.json({ jobs: await oneOfFew(c, () => takeFiles(c, caller, BATCH.files), batchPlaces) }, 202);
    const { studies, ...asked } = await readJson(batchRequestSchema, bodyOf(c));
    const orders = [...new Set(studies)].map(
      (studyInstanceUID): JobOrder => ({ ...asked, ...ofCaller(caller), kind: 'study', studyInstanceUID }),
    );
    return c.json({ jobs: await takeOrders(caller, orders) }, 202);
  });

  /**
   * Each is on the disk, encrypted, before its job is there; where one is refused, none is kept. What no
   * model could look at is refused at once where it is one; of a batch each job ends with its own reason, and
   * one damaged file holds up no others.
   */
  async function takeFiles(c: GatewayContext, caller: Caller, limit: number): Promise<Job[]> {
    const kept: Kept[] = [];
    let ids: readonly string[];
    try {
      const fields = await readFiles(sentOf(c), limit, async (chunks) => {
        if (limit === 1) await requireImage(chunks, c.req.raw.signal);
        const id = tools.newId();
        kept.push({ id, ...(await tools.inputs.keep(id, chunks)) });
      });
      ids = await commitOrders(
        caller,
        kept.map(
          (input): JobOrder => ({ ...fields, ...ofCaller(caller), id: input.id, kind: 'file', input }),
        ),
      );
    } catch (error) {
      await Promise.all(kept.map(({ id, wrappedKey }) => tools.inputs.destroy(id, wrappedKey)));
      throw error;
    }
    return shownOf(ids);
  }

  /**
   * Its first frame, to whoever looks; where that takes too long, or the thread ends, the job finds out.
   * @throws Problem: why no model could look at it.
   */
  async function requireImage(chunks: readonly Uint8Array[], hungUp: AbortSignal): Promise<void> {
    const looking = tools.examiner.show(
      Buffer.concat(chunks),
      0,
      AbortSignal.any([hungUp, AbortSignal.timeout(PREDICT_MS)]),
    );
    const seen = await looking.catch(() => null);
    if (seen?.kind === 'refused') throw new Problem(seen.because);
  }

  /**
   * @throws Problem study-not-found: also where it is none of the caller's; whether it is there is not said.
   */
  async function takeOrders(caller: Caller, orders: readonly JobOrder[]): Promise<Job[]> {
    return shownOf(await commitOrders(caller, orders));
  }

  const shownOf = async (ids: readonly string[]): Promise<Job[]> =>
    toShownJobs(tools.db, await Promise.all(ids.map(async (id) => (await findJob(tools.db, id))!)));

  /** @throws Problem study-not-found, not-allowed, rate-limited. */
  async function commitOrders(caller: Caller, orders: readonly JobOrder[]): Promise<readonly string[]> {
    if (
      orders.some(({ priority = 0 }) => priority > 0) &&
      !caller.roles.some((role) => URGENT.includes(role))
    )
      throw new Problem('not-allowed');
    for (const { studyInstanceUID } of orders) {
      if (studyInstanceUID !== undefined && !(await reachesStudy(tools.db, caller, studyInstanceUID)))
        throw new Problem('study-not-found');
    }
    // All of one request ask the same.
    const { model, version } = orders[0]!;
    await withModels(
      { siteId: caller.siteId, model, version: version ?? null },
      tools,
      async () => undefined,
    );
    return tools.db.transaction().execute(async (trx) => {
      await requireRoom(trx, caller.id, orders.length);
      const made: string[] = [];
      for (const order of orders) made.push(await createJob(trx, tools, order));
      await audited(trx, caller, made, orders);
      return made;
    });
  }

  async function audited(
    trx: Trx,
    caller: Caller,
    ids: readonly string[],
    orders: readonly JobOrder[],
  ): Promise<void> {
    const [first] = orders;
    const studies = orders.flatMap(({ studyInstanceUID }) => studyInstanceUID ?? []);
    await recordAudit(
      trx,
      caller.siteId,
      {
        event: 'inference-asked',
        jobId: ids[0]!,
        jobs: ids.length,
        model: first!.model,
        studies,
        accountId: caller.id,
      },
      tools.now(),
    );
  }
  return router;
}

const ofCaller = ({ siteId, id: accountId }: Caller) => ({ siteId, accountId });
const isJson = (c: GatewayContext): boolean =>
  /^application\/json\b/i.test(c.req.header('content-type') ?? '');
const sentOf = (c: GatewayContext): Sent => ({
  contentType: c.req.header('content-type') ?? '',
  query: c.req.query(),
  body: bodyOf(c),
});

function bodyOf(c: GatewayContext): AsyncIterable<Uint8Array> {
  const { body } = c.req.raw;
  if (body === null) throw new Problem('bad-request');
  return body;
}

/** Relative, for the API is served under two roots. */
function accepted(c: GatewayContext, shown: Job): Response {
  return c.json(shown, 202, { Location: `jobs/${shown.id}` });
}
