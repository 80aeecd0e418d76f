/**
 * `/models`: lists the models with their versions and cards. An administrator can add, activate, roll back and stop
 * versions. Each change is recorded in the audit trail and applies from the next question on, at every gateway.
 * Running jobs end with the version with which they began.
 */
import { z } from '@hono/zod-openapi';
import { modelCardSchema, type ModelCard } from '#shared/models/card.ts';
import { modelSchema } from '#shared/protocol/inference.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit, type AuditEvent } from '../audit/audit.ts';
import type { Db, Trx } from '../database/database.ts';
import { holdBody } from '../http/hold-body.ts';
import { invalidRequest } from '../http/invalid-request.ts';
import { readJson } from '../http/json-body.ts';
import { readMultipart } from '../http/read-multipart.ts';
import type { Engine } from '../ports/engine/engine.ts';
import {
  allow,
  callerOf,
  createRouter,
  defineRoute,
  describeRoute,
  jsonBody,
  jsonResponse,
  type Caller,
  type Router,
} from '../http/route.ts';
import { digestInTurns } from '../threads/in-turns.ts';
import { modelIdSchema, versionSchema } from './model-name.ts';
import type { ModelFiles } from './model-files.ts';
import { checkModel, engineModelOf } from './check-model.ts';
import {
  activate,
  fallbacksOf,
  findModelVersion,
  insertVersion,
  isKnown,
  rollBack,
  setFallback,
  stop,
  versionsOf,
  type Change,
  type ModelName,
  type ModelVersion,
} from './model.store.ts';

const READERS = ['technician', 'radiologist', 'researcher', 'auditor', 'admin'] as const;
const ADMIN = ['admin'] as const;
/** The largest model here has 1.5 MB; a ResNet-18 has 45 MB. The file is held in memory while it is checked. */
const MODEL_BYTES_LIMIT = 64 * 1024 * 1024;
const CARD_BYTES_LIMIT = 64 * 1024;
const QUIET_MS = 60_000;

/** Narrows only the fields that appear in URLs, metrics or DICOM attributes, or that decide how the model is run. */
const uploadedCardSchema = modelCardSchema.extend({
  id: modelIdSchema,
  version: versionSchema,
  task: z.enum(['classification', 'segmentation', 'explanation']),
});
const shown = z.object(modelSchema.shape).openapi('Model');
type Model = z.infer<typeof modelSchema>;
const byId = z.object({ id: modelIdSchema });
const byVersion = z.object({ id: modelIdSchema, version: versionSchema });
const admin = { roles: ADMIN, tags: ['models'] as string[] };

/** The faults that the check of a model may find. */
const CHECK_PROBLEMS = [
  'model-not-usable',
  'model-too-large',
  'model-changed',
  'model-unreadable',
  'model-external-data',
  'model-shape-mismatch',
  'model-output-invalid',
  'model-out-of-memory',
  'model-timeout',
  'model-crashed',
  'model-failed',
  'model-unavailable',
] as const;

const list = defineRoute({
  method: 'get',
  path: '/models',
  roles: READERS,
  tags: ['models'],
  summary: 'Every model with its versions, cards and measures',
  responses: { 200: jsonResponse(z.object({ models: z.array(shown) }), 'By id; the newest version first.') },
});
const read = defineRoute({
  method: 'get',
  path: '/models/{id}',
  roles: READERS,
  problems: ['model-not-found'],
  tags: ['models'],
  summary: 'One model with its versions, cards and measures',
  request: { params: byId },
  responses: { 200: jsonResponse(shown, 'The newest version first.') },
});
const activation = defineRoute({
  ...admin,
  method: 'post',
  path: '/models/{id}/versions/{version}/activate',
  problems: ['not-found', ...CHECK_PROBLEMS],
  summary:
    'This version answers from now on. Running jobs end with the version they began with. A version that had failed is tried first. Repeatable',
  request: { params: byVersion },
  responses: { 200: jsonResponse(shown, 'It is active.') },
});
const rollback = defineRoute({
  ...admin,
  method: 'post',
  path: '/models/{id}/versions/{version}/rollback',
  problems: ['not-found', 'model-not-active', 'nothing-before'],
  summary: 'Back from this version, which was activated last, to the one that was active before it',
  request: { params: byVersion },
  responses: { 200: jsonResponse(shown, 'The one before is active.') },
});
const stopping = defineRoute({
  ...admin,
  method: 'post',
  path: '/models/{id}/versions/{version}/stop',
  problems: ['not-found'],
  summary: 'This version answers nobody any more; the fallback does, where there is one. Repeatable',
  request: { params: byVersion },
  responses: { 200: jsonResponse(shown, 'It is stopped.') },
});
const fallback = defineRoute({
  ...admin,
  method: 'put',
  path: '/admin/models/{id}/fallback',
  problems: ['not-found', 'model-not-usable'],
  summary: 'The fallback, which answers if the requested version is not available; null: none',
  request: {
    params: byId,
    body: jsonBody(
      z.strictObject({ fallback: z.strictObject({ id: modelIdSchema, version: versionSchema }).nullable() }),
    ),
  },
  responses: { 200: jsonResponse(shown, 'It is set. Results that it gives say what they stand for.') },
});

const ADD_PATH = '/models';
function describeAdd(router: Router): void {
  const properties = { card: { type: 'string' }, model: { type: 'string', format: 'binary' } } as const;
  describeRoute(router, {
    ...admin,
    method: 'post',
    path: ADD_PATH,
    summary: 'Add a version of a model. Repeatable with the same file and the same card',
    description: `\`multipart/form-data\`: \`card\` (JSON) and \`model\` (.onnx without external data, at most ${MODEL_BYTES_LIMIT / 1024 / 1024} MiB). It is held against its card first.`,
    requestBody: {
      required: true,
      content: {
        'multipart/form-data': { schema: { type: 'object', properties, required: ['card', 'model'] } },
      },
    },
    problems: ['bad-request', 'invalid-request', 'unsupported-media-type', 'model-exists', ...CHECK_PROBLEMS],
    responses: { 201: jsonResponse(shown, 'The version is `available`: activate it.') },
  });
}

export type ModelRouteTools = {
  readonly db: Db;
  readonly files: ModelFiles;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly engine: Engine;
};

export function modelRoutes(tools: ModelRouteTools): Router {
  const router = createRouter();
  serveReading(router, tools);
  serveStates(router, tools);
  serveFallback(router, tools);
  serveAdding(router, tools);
  return router;
}

/** Makes the change with its audit row, and returns the model afterwards. `work` returns null if nothing changed. */
async function changing(
  { db, now }: ModelRouteTools,
  caller: Caller,
  id: string,
  work: (trx: Trx, change: Change) => Promise<AuditEvent | null>,
): Promise<Model> {
  const change = { siteId: caller.siteId, by: caller.id, now: now() };
  return db.transaction().execute(async (trx) => {
    const recorded = await work(trx, change);
    const model = await modelAt(trx, caller.siteId, id);
    if (recorded !== null) await recordAudit(trx, caller.siteId, recorded, change.now);
    return model;
  });
}

function serveReading(router: Router, { db }: ModelRouteTools): void {
  router.openapi(list, async (c) => {
    const { siteId } = callerOf(c);
    const versions = await versionsOf(db, siteId);
    const fallbacks = await fallbacksOf(db, siteId);
    const byModel = Map.groupBy(versions, ({ model_id }) => model_id);
    return c.json({ models: [...byModel].map(([id, own]) => toShown(id, own, fallbacks)) }, 200);
  });
  router.openapi(read, async (c) =>
    c.json(await modelAt(db, callerOf(c).siteId, c.req.valid('param').id), 200),
  );
}

function serveStates(router: Router, tools: ModelRouteTools): void {
  router.openapi(activation, async (c) => {
    const caller = callerOf(c);
    const name = c.req.valid('param');
    const known = await findModelVersion(tools.db, caller.siteId, name);
    if (known?.state === 'failed') await check(tools, known.card, known.digest);
    const model = await changing(tools, caller, name.id, async (trx, change) =>
      (await activate(trx, name, change))
        ? { event: 'model-activated', model: name.id, version: name.version, by: caller.id }
        : null,
    );
    return c.json(model, 200);
  });
  router.openapi(rollback, async (c) => {
    const caller = callerOf(c);
    const name = c.req.valid('param');
    const model = await changing(tools, caller, name.id, async (trx, change) => {
      const version = await rollBack(trx, name, change);
      return { event: 'model-rolled-back', model: name.id, version, from: name.version, by: caller.id };
    });
    return c.json(model, 200);
  });
  router.openapi(stopping, async (c) => {
    const caller = callerOf(c);
    const name = c.req.valid('param');
    const model = await changing(tools, caller, name.id, async (trx, change) =>
      (await stop(trx, name, change))
        ? { event: 'model-stopped', model: name.id, version: name.version, by: caller.id }
        : null,
    );
    return c.json(model, 200);
  });
}

function serveFallback(router: Router, tools: ModelRouteTools): void {
  router.openapi(fallback, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const wanted = c.req.valid('json').fallback;
    const model = await changing(tools, caller, id, async (trx, change) => {
      await setFallback(trx, id, wanted, change);
      return {
        event: 'model-fallback-set',
        model: wanted?.id ?? id,
        version: wanted?.version ?? 'none',
        for: id,
        by: caller.id,
      };
    });
    return c.json(model, 200);
  });
}

function serveAdding(router: Router, tools: ModelRouteTools): void {
  const { db, files } = tools;
  describeAdd(router);
  router.post(ADD_PATH, allow(ADMIN), async (c) => {
    const caller = callerOf(c);
    const body = { request: c.req.raw, from: caller.id, heldBytes: MODEL_BYTES_LIMIT };
    const { card, digest, bytes } = await holdBody(body, async (pieces) => {
      const sent = await readUpload(c.req.raw, pieces, caller.id);
      const found = await digestInTurns(sent.chunks);
      if (sent.card.sha256 !== found) throw new Problem('model-changed');
      // The file is saved first, because the engine, a separate process, reads it from the disk.
      await files.save(found, sent.chunks);
      const total = sent.chunks.reduce((sum, { length }) => sum + length, 0);
      return { card: sent.card, digest: found, bytes: total };
    });
    try {
      await check(tools, card, digest);
      const model = await changing(tools, caller, card.id, async (trx, change) =>
        (await insertVersion(trx, { card, digest, bytes }, change))
          ? { event: 'model-added', model: card.id, version: card.version, digest, by: caller.id }
          : null,
      );
      return c.json(model, 201);
    } catch (error) {
      if (!(await isKnown(db, digest))) await files.remove(digest);
      throw error;
    }
  });
}

/** Checks the model in a trial of its own, so that earlier failures do not count. */
async function check(
  { files, engine, newId }: ModelRouteTools,
  card: ModelCard,
  digest: string,
): Promise<void> {
  await checkModel(card, engineModelOf(card, digest, files.pathOf(digest), newId()), engine);
}

/** @throws Problem bad-request, invalid-request, model-too-large, unsupported-media-type. */
async function readUpload(
  { headers, signal }: Request,
  body: AsyncIterable<Uint8Array>,
  from: string,
): Promise<{ card: ModelCard; chunks: readonly Uint8Array[] }> {
  const limits = {
    parts: 2,
    bytes: MODEL_BYTES_LIMIT + 2 * CARD_BYTES_LIMIT,
    partBytes: () => MODEL_BYTES_LIMIT,
    quietMs: QUIET_MS,
    tooLarge: 'model-too-large',
  } as const;
  const parts = new Map<string, readonly Uint8Array[]>();
  for await (const { field, chunks } of readMultipart(headers.get('content-type') ?? '', body, limits))
    parts.set(field, chunks);
  const card = parts.get('card');
  const chunks = parts.get('model');
  if (card === undefined || chunks === undefined || chunks.length === 0)
    throw new Problem('invalid-request', `Invalid: ${card === undefined ? 'card' : 'model'}.`);
  const bytes = Buffer.concat(card);
  if (bytes.length > CARD_BYTES_LIMIT) throw new Problem('body-too-large');
  const values = await readJson({ bytes, from, signal });
  return { card: judgeCard(values), chunks };
}

function judgeCard(values: unknown): ModelCard {
  const parsed = uploadedCardSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw invalidRequest(
    parsed.error.issues.map((issue) => ({ ...issue, path: ['card', ...issue.path].slice(0, 3) })),
    'card',
  );
}

async function modelAt(db: Db | Trx, siteId: string, id: string): Promise<Model> {
  const versions = await versionsOf(db, siteId, id);
  if (versions.length === 0) throw new Problem('model-not-found');
  return toShown(id, versions, await fallbacksOf(db, siteId));
}

function toShown(
  id: string,
  versions: readonly ModelVersion[],
  fallbacks: ReadonlyMap<string, ModelName>,
): Model {
  const active = versions.find(({ state }) => state === 'active');
  const { card } = active ?? versions[0]!;
  return {
    id,
    title: card.title,
    task: card.task,
    active: active?.version ?? null,
    fallback: fallbacks.get(id) ?? null,
    versions: versions.map((version) => ({
      id,
      version: version.version,
      digest: version.digest,
      state: version.state,
      because: version.because,
      bytes: version.bytes,
      addedAt: version.added_at.toISOString(),
      activatedAt: version.activated_at?.toISOString() ?? null,
      card: version.card,
    })),
  };
}
