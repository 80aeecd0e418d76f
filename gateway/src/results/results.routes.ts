/**
 * `/results`: what the models found, by user, model, study and period; the radiologist's word on it; the
 * pictures that explain it; and what stands of it in the PACS. That, and the image itself, are read from the
 * PACS each time they are asked for: of an image that was sent as a file nothing is kept.
 */
import { createHash } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { SHOWN_SIDE_LIMIT, shownSize } from '#shared/pixels/reduce-picture.ts';
import type { Role } from '#shared/protocol/api.ts';
import { uidSchema } from '#shared/protocol/forms.ts';
import {
  EXPLANATION_METHODS,
  resultSchema,
  verifyRequestSchema,
  type ExplanationMethod,
  type Result,
  type ResultInstance,
} from '#shared/protocol/inference.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db } from '../database/database.ts';
import {
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Caller,
  type Router,
} from '../http/route.ts';
import type { Examiner } from '../inference/examine-thread.ts';
import { fetchWhole } from '../inference/study-images.ts';
import { modelIdSchema } from '../models/model-name.ts';
import { PacsUnreachable, type FoundInstance, type Pacs } from '../ports/pacs/pacs.ts';
import type { Explanation } from './draw-explanation.ts';
import { reachedInstances, reachesAll, reachesResult } from './result-reach.ts';
import {
  findResult,
  firstRequests,
  instancesOfResults,
  listResults,
  mapOf,
  masksOf,
  sideOf,
  usernamesOf,
  type ResultRow,
} from './result.store.ts';
import { sourceOf, verifyResult, type VerifyTools } from './verify-result.ts';

const READERS: readonly Role[] = ['technician', 'radiologist', 'researcher', 'auditor', 'admin'];
const VIEWERS: readonly Role[] = ['technician', 'radiologist', 'researcher', 'admin'];
/** Who may know which account is whose, beside each their own. */
const KNOW_ACCOUNTS: readonly Role[] = ['admin', 'auditor'];
const LIST_LIMIT = 200;
/** RFC 9562 §5.9: somebody, whose account is not told. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

const shown = z.object(resultSchema.shape).openapi('Result');
const byId = z.object({ id: z.uuid() });
const instant = z.iso
  .datetime({ offset: true })
  .or(z.iso.date())
  .transform((text) => new Date(text));
/** "The page after this one": time and id of its last result. */
const cursor = z
  .string()
  .regex(/^\d{1,16}~[0-9a-f-]{36}$/)
  .transform((text) => {
    const [ms = '', id = ''] = text.split('~');
    return { at: new Date(Number(ms)), id };
  });
/** RFC 9110 §8.8.3: the revision as an entity tag. */
const REVISION = /^(?:W\/)?"?(\d{1,9})"?$/;

const list = defineRoute({
  method: 'get',
  path: '/results',
  roles: READERS,
  tags: ['results'],
  summary: 'What the models found, the newest first',
  request: {
    query: z.object({
      user: z.uuid().optional(),
      model: modelIdSchema.optional(),
      study: uidSchema.optional(),
      from: instant.optional(),
      to: instant.optional(),
      limit: z.coerce.number().int().min(1).max(LIST_LIMIT).default(50),
      cursor: cursor.optional(),
    }),
  },
  responses: {
    200: jsonResponse(
      z.object({ results: z.array(shown), next: z.string().nullable() }),
      '`next` is the cursor of the following page; null: there is none.',
    ),
  },
});
const read = defineRoute({
  method: 'get',
  path: '/results/{id}',
  roles: VIEWERS,
  tags: ['results'],
  problems: ['not-found'],
  summary: 'One result. `ETag` is its revision',
  request: { params: byId },
  responses: { 200: jsonResponse(shown, 'NOT FOR DIAGNOSTIC USE.') },
});
const verify = defineRoute({
  method: 'post',
  path: '/results/{id}/verify',
  roles: ['radiologist'],
  tags: ['results'],
  problems: ['not-found', 'result-changed'],
  summary: 'The radiologist agrees or corrects; the report in the PACS gets a completed and verified version',
  request: {
    params: byId,
    body: jsonBody(verifyRequestSchema),
    headers: z.object({
      'if-match': z
        .string()
        .regex(REVISION)
        .optional()
        .describe('The revision that was looked at; without it the first one.'),
    }),
  },
  responses: { 200: jsonResponse(shown, 'The next revision.') },
});
const explain = defineRoute({
  method: 'get',
  path: '/results/{id}/explanations/{method}',
  roles: VIEWERS,
  tags: ['results'],
  problems: ['not-found', 'no-explanation', 'image-gone', 'pacs-unreachable'],
  summary:
    'A picture that explains the result; `image` is what was looked at, the others are laid over it and have its size',
  request: { params: byId.extend({ method: z.enum(EXPLANATION_METHODS) }) },
  responses: {
    200: {
      description: `At most ${SHOWN_SIDE_LIMIT} pixels a side.`,
      content: { 'image/png': { schema: { type: 'string', format: 'binary' } } },
    },
  },
});

const readBack = defineRoute({
  method: 'get',
  path: '/results/{id}/instances/{sopInstanceUID}',
  roles: VIEWERS,
  tags: ['results'],
  problems: ['not-found', 'study-not-found', 'file-too-large', 'pacs-unreachable'],
  summary: 'One of its instances, read back from the PACS now, byte for byte',
  request: { params: byId.extend({ sopInstanceUID: uidSchema }) },
  responses: {
    200: {
      description: 'A Part 10 file.',
      content: { 'application/dicom': { schema: { type: 'string', format: 'binary' } } },
    },
  },
});

/** What nobody between keeps. */
const NOT_KEPT = { 'Cache-Control': 'private, max-age=0, no-store' };

export type ResultRouteTools = VerifyTools & {
  readonly pacs: Pick<Pacs, 'fetchInstance'>;
  readonly examiner: Pick<Examiner, 'show' | 'explain'>;
};

export function resultRoutes(tools: ResultRouteTools): Router {
  const router = createRouter();
  const { db } = tools;

  /** @throws Problem not-found, also where it is none that the caller reaches. */
  async function reached(caller: Caller, id: string): Promise<ResultRow> {
    const result = await findResult(db, caller.siteId, id);
    if (result === undefined || !(await reachesResult(db, caller, id))) throw new Problem('not-found');
    return result;
  }

  async function toShown(rows: readonly ResultRow[], caller: Caller): Promise<Result[]> {
    const named = <A extends string | null>(account: A): A | string =>
      account === null || account === caller.id || reachesAll(caller, ['auditor']) ? account : NOBODY;
    const ids = rows.map(({ id }) => id);
    const [requests, instances] = [await firstRequests(db, ids), await instancesOfResults(db, ids)];
    const known = caller.roles.some((role) => KNOW_ACCOUNTS.includes(role));
    const accounts = [
      ...rows.map((row) => row.verified_by),
      ...[...requests.values()].map(({ accountId }) => accountId),
    ].filter((account) => account !== null);
    const names = await usernamesOf(
      db,
      [...new Set(accounts)].filter((account) => known || account === caller.id),
    );
    const name = <K extends string>(
      key: K,
      account: string | null | undefined,
    ): { readonly [key in K]?: string } => {
      const said = names.get(account ?? '');
      return said === undefined ? {} : ({ [key]: said } as { readonly [key in K]: string });
    };
    return rows.map((row) => ({
      id: row.id,
      jobId: requests.get(row.id)?.jobId ?? null,
      createdAt: row.created_at.toISOString(),
      requestedBy: named(requests.get(row.id)?.accountId ?? null),
      ...name('requestedByName', requests.get(row.id)?.accountId),
      finding: row.finding,
      cached: false,
      disagreement: row.disagreement,
      revision: row.revision,
      instances: (instances.get(row.id) ?? []).filter((instance) => mayRead(caller, instance)),
      verification: row.verdict && {
        verdict: row.verdict,
        finding: row.verified_finding,
        at: row.verified_at!.toISOString(),
        by: named(row.verified_by!),
        ...name('byName', row.verified_by),
      },
    }));
  }

  /**
   * With the radiologist's words, which the list leaves out, and who reads for research or sends films does
   * not see: a name may stand there.
   */
  async function toOne(row: ResultRow, caller: Caller): Promise<Result> {
    const [result] = await toShown([row], caller);
    if (!reachesAll(caller)) return result!;
    const reason = row.sealed_reason && tools.seal.open(row.id, row.sealed_reason);
    return { ...result!, verification: result!.verification && { ...result!.verification, reason } };
  }

  router.openapi(list, async (c) => {
    const caller = callerOf(c);
    const { cursor: after, ...filter } = c.req.valid('query');
    const rows = await listResults(db, caller.siteId, {
      ...filter,
      after,
      limit: filter.limit + 1,
      ownOf: reachesAll(caller, ['auditor']) ? undefined : caller,
    });
    const page = rows.slice(0, filter.limit);
    const last = page.at(-1);
    const next = rows.length > page.length && last ? `${last.created_at.getTime()}~${last.id}` : null;
    return c.json({ results: await toShown(page, caller), next }, 200);
  });

  router.openapi(read, async (c) => {
    const caller = callerOf(c);
    const result = await reached(caller, c.req.valid('param').id);
    return c.json(await toOne(result, caller), 200, { ETag: `"${result.revision}"` });
  });

  router.openapi(verify, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const said = c.req.valid('json');
    const revision = Number(REVISION.exec(c.req.header('if-match') ?? '1')?.[1]);
    await reached(caller, id);
    await verifyResult(id, revision, said, caller, tools);
    const result = await reached(caller, id);
    return c.json(await toOne(result, caller), 200, { ETag: `"${result.revision}"` });
  });

  router.openapi(explain, async (c) => {
    const { id, method } = c.req.valid('param');
    const caller = callerOf(c);
    const result = await reached(caller, id);
    const { signal } = c.req.raw;
    const png =
      method === 'image'
        ? await imageOf(result, caller, tools, signal)
        : await tools.examiner.explain(await explanationOf(db, result, method), signal);
    return c.body(png, 200, { 'Content-Type': 'image/png', ...NOT_KEPT });
  });

  router.openapi(readBack, async (c) => {
    const { id, sopInstanceUID } = c.req.valid('param');
    const caller = callerOf(c);
    const source = await reachedSource(await reached(caller, id), caller, db);
    const instance = ((await instancesOfResults(db, [id])).get(id) ?? []).find(
      (one) => one.sopInstanceUID === sopInstanceUID,
    );
    if (source === null || instance === undefined || !mayRead(caller, instance))
      throw new Problem('not-found');
    const { seriesInstanceUID } = instance;
    const bytes = await fromPacs(
      fetchWhole(
        tools.pacs,
        { studyInstanceUID: source.studyInstanceUID, seriesInstanceUID, sopInstanceUID },
        c.req.raw.signal,
      ),
    );
    return c.body(bytes, 200, { 'Content-Type': 'application/dicom', ...NOT_KEPT });
  });
  return router;
}

/**
 * A report that holds a radiologist's word holds their name and reason: who does not read those does not read
 * it.
 */
function mayRead(caller: Caller, { kind, revision }: Pick<ResultInstance, 'kind' | 'revision'>): boolean {
  return kind !== 'SR' || revision === 1 || reachesAll(caller);
}

/**
 * Where the image is that was looked at; null: it came as a file, or the caller reaches the result alone and
 * not the image.
 */
async function reachedSource(result: ResultRow, caller: Caller, db: Db): Promise<FoundInstance | null> {
  const where = sourceOf(result);
  return where !== null &&
    (await reachedInstances(db, caller, where.studyInstanceUID)).has(where.sopInstanceUID)
    ? where
    : null;
}

/** @throws Problem pacs-unreachable. */
async function fromPacs<T>(asked: Promise<T>): Promise<T> {
  return asked.catch((error: unknown) => {
    throw error instanceof PacsUnreachable ? new Problem('pacs-unreachable') : error;
  });
}

/**
 * The very image that was looked at, for who reaches it itself and not only its result. @throws Problem
 * image-gone, pacs-unreachable.
 */
async function imageOf(
  result: ResultRow,
  caller: Caller,
  { db, pacs, examiner }: ResultRouteTools,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const where = await reachedSource(result, caller, db);
  if (where === null) throw new Problem('image-gone');
  const bytes = await fromPacs(fetchWhole(pacs, where, signal)).catch((error: unknown) => {
    throw error instanceof Problem && error.code === 'study-not-found' ? new Problem('image-gone') : error;
  });
  if (createHash('sha256').update(bytes).digest('hex') !== result.finding.input.digest)
    throw new Problem('image-gone');
  const seen = await examiner.show(bytes, result.finding.input.frame, signal);
  if (seen.kind === 'refused') throw new Problem('image-gone');
  return seen.png;
}

/** @throws Problem no-explanation. */
async function explanationOf(
  db: VerifyTools['db'],
  { id, finding }: ResultRow,
  method: Exclude<ExplanationMethod, 'image'>,
): Promise<Explanation> {
  const { rows: height, columns: width } = shownSize(finding.input.rows, finding.input.columns);
  const size = { width, height };
  if (method === 'lung-fields') {
    const lungs = await mapOf(db, id, 'lungs');
    if (lungs !== undefined) return { method, size, lungs: masksOf(lungs) };
  } else {
    const map = await mapOf(db, id, method === 'cam' ? 'cam' : 'attributions');
    if (map !== undefined) return { method, size, map: map.data, side: sideOf(map) };
  }
  throw new Problem('no-explanation');
}
