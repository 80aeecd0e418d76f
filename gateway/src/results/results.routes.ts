/**
 * `/results/{id}`: a model's finding, the radiologist's verdict, the pictures that explain the finding, and its
 * instances in the PACS. These instances and the image itself are read from the PACS on every request. An image that
 * was sent as a file is not kept.
 */
import { z } from '@hono/zod-openapi';
import { SHOWN_SIDE_LIMIT, shownSize } from '#shared/pixels/reduce-picture.ts';
import { isAlwaysAnonymised, type Role } from '#shared/protocol/api.ts';
import { uidSchema } from '#shared/protocol/forms.ts';
import {
  EXPLANATION_METHODS,
  MAY_HOLD_NAME_HEADER,
  resultPreviewSchema,
  resultSchema,
  verifyRequestSchema,
  type ExplanationMethod,
} from '#shared/protocol/inference.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordReading } from '../audit/record-reading.ts';
import { readWithoutVerdicts } from '../findings/blinding.ts';
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
import { oneOfFew } from '../http/one-of-few.ts';
import { createPlaces } from '../http/places.ts';
import type { Shown } from '../images/examination.ts';
import type { Examiner, ShownImage } from '../images/examine-thread.ts';
import type { Preview } from '../images/preview-image.ts';
import { fetchWhole } from '../images/study-images.ts';
import { PacsUnreachable, type FoundInstance, type Pacs } from '../ports/pacs/pacs.ts';
import type { Explanation } from '../images/draw-explanation.ts';
import { reachedInstances, reachesResult } from '../findings/result-reach.ts';
import { instancesOfResults } from './result-instance.store.ts';
import { mapOf, masksOf, sideOf } from './result-map.store.ts';
import { recordView } from './result-view.store.ts';
import { findResult, type ResultRow } from './result.store.ts';
import { isVerified, mayRead, showResult } from './show-results.ts';
import { sourceOf, verifyResult, type VerifyTools } from './verify-result.ts';

const VIEWERS: readonly Role[] = ['technician', 'radiologist', 'researcher', 'admin'];

/** The schema of a result, shared by all routes. */
export const shownResult = z.object(resultSchema.shape).openapi('Result');
const byId = z.object({ id: z.uuid() });
/** RFC 9110 §8.8.3: the revision as an entity tag. */
const REVISION = /^(?:W\/)?"?(\d{1,9})"?$/;

const read = defineRoute({
  method: 'get',
  path: '/results/{id}',
  roles: VIEWERS,
  tags: ['results'],
  problems: ['not-found'],
  summary: 'One result. `ETag` is its revision',
  request: { params: byId },
  responses: { 200: jsonResponse(shownResult, 'NOT FOR DIAGNOSTIC USE.') },
});
const verify = defineRoute({
  method: 'post',
  path: '/results/{id}/verify',
  roles: ['radiologist'],
  tags: ['results'],
  problems: ['not-found', 'image-not-shown', 'result-changed', 'review-stands'],
  summary: 'The radiologist agrees or corrects; the report in the PACS gets a completed and verified version',
  request: {
    params: byId,
    body: jsonBody(verifyRequestSchema),
    headers: z.object({
      'if-match': z
        .string()
        .regex(REVISION, 'a revision: a whole number')
        .optional()
        .describe('The revision that was looked at; without it the first one.'),
    }),
  },
  responses: { 200: jsonResponse(shownResult, 'The next revision.') },
});
const explain = defineRoute({
  method: 'get',
  path: '/results/{id}/explanations/{method}',
  roles: VIEWERS,
  tags: ['results'],
  problems: [
    ...(['not-found', 'no-explanation', 'image-gone', 'picture-may-hold-name'] as const),
    ...(['pacs-unreachable', 'called-off'] as const),
  ],
  summary:
    'A picture that explains the result; `image` is what was looked at, the others are laid over it and have its size',
  request: { params: byId.extend({ method: z.enum(EXPLANATION_METHODS) }) },
  responses: {
    200: {
      description: `At most ${SHOWN_SIDE_LIMIT} pixels a side. ${MAY_HOLD_NAME_HEADER} tells of \`image\` whether its header does not rule out a name in the picture; researchers do not get it then.`,
      content: { 'image/png': { schema: { type: 'string', format: 'binary' } } },
    },
  },
});

const preview = defineRoute({
  method: 'get',
  path: '/results/{id}/preview',
  roles: VIEWERS,
  tags: ['results'],
  problems: ['not-found', 'image-gone', 'pacs-unreachable', 'called-off'],
  summary: 'What a list shows of its image: a small picture, and the patient or pseudonym as the PACS has it',
  request: {
    params: byId,
    query: z.object({
      only: z.enum(['patient']).optional().openapi({ description: 'Without the picture.' }),
    }),
  },
  responses: { 200: jsonResponse(resultPreviewSchema, 'Read from the PACS now.') },
});
const readBack = defineRoute({
  method: 'get',
  path: '/results/{id}/instances/{sopInstanceUID}',
  roles: VIEWERS,
  tags: ['results'],
  problems: [
    ...(['not-found', 'study-not-found', 'file-too-large', 'picture-may-hold-name'] as const),
    'pacs-unreachable',
  ],
  summary: 'One of its instances, read back from the PACS now, byte for byte',
  request: { params: byId.extend({ sopInstanceUID: uidSchema }) },
  responses: {
    200: {
      description: 'A Part 10 file.',
      content: { 'application/dicom': { schema: { type: 'string', format: 'binary' } } },
    },
  },
});

/**
 * Each request holds 50 MB until its picture is drawn. Previews have places of their own, so they take none from
 * people who open an image, and only a few of them can be ahead in the one thread that draws everything.
 */
const PLACES = { atOnce: 4, ofOne: 2 };
const PREVIEW_PLACES = { atOnce: 2, ofOne: 1 };

/** Keeps caches between the gateway and the caller from storing these. */
const NOT_KEPT = { 'Cache-Control': 'private, max-age=0, no-store' };

export type ResultRouteTools = VerifyTools & {
  readonly pacs: Pick<Pacs, 'fetchInstance'>;
  readonly examiner: Pick<Examiner, 'show' | 'preview' | 'explain'>;
};

export function resultRoutes(tools: ResultRouteTools): Router {
  const router = createRouter();
  serveReading(router, tools);
  serveVerifying(router, tools);
  serveImages(router, tools);
  return router;
}

/** @throws Problem not-found, also if the caller has no access to the result. */
async function reached(db: Db, caller: Caller, id: string): Promise<ResultRow> {
  const result = await findResult(db, caller.siteId, id);
  if (result === undefined || !(await reachesResult(db, caller, id))) throw new Problem('not-found');
  return result;
}

function serveReading(router: Router, tools: ResultRouteTools): void {
  const { db } = tools;
  router.openapi(read, async (c) => {
    const caller = callerOf(c);
    const result = await reached(db, caller, c.req.valid('param').id);
    await recordReading(tools, caller, result.study_instance_uid, {
      kind: 'reports',
      subject: result.id,
    });
    return c.json(await showResult(result, caller, tools), 200, { ETag: `"${result.revision}"` });
  });
}

function serveVerifying(router: Router, tools: ResultRouteTools): void {
  router.openapi(verify, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const revision = Number(REVISION.exec(c.req.header('if-match') ?? '1')?.[1]);
    await reached(tools.db, caller, id);
    await verifyResult({ id, revision }, c.req.valid('json'), caller, tools);
    const result = await reached(tools.db, caller, id);
    return c.json(await showResult(result, caller, tools), 200, { ETag: `"${result.revision}"` });
  });
}

function serveImages(router: Router, tools: ResultRouteTools): void {
  const { db } = tools;
  const places = createPlaces(PLACES);
  const previewPlaces = createPlaces(PREVIEW_PLACES);
  router.openapi(explain, async (c) => {
    const { id, method } = c.req.valid('param');
    const caller = callerOf(c);
    const result = await reached(db, caller, id);
    const { signal } = c.req.raw;
    const { png, mayHoldName } =
      method === 'image'
        ? await oneOfFew(c, places, () => imageOf(result, caller, tools, signal))
        : {
            png: await tools.examiner.explain(await explanationOf(db, result, method), signal),
            mayHoldName: false,
          };
    await recordReading(tools, caller, result.study_instance_uid, readingOfImage(result));
    if (method === 'image') await recordView(db, { resultId: id, accountId: caller.id, at: tools.now() });
    return c.body(png, 200, {
      'Content-Type': 'image/png',
      [MAY_HOLD_NAME_HEADER]: String(mayHoldName),
      ...NOT_KEPT,
    });
  });
  router.openapi(preview, async (c) => {
    const { id } = c.req.valid('param');
    const caller = callerOf(c);
    const result = await reached(db, caller, id);
    const isDrawn = c.req.valid('query').only === undefined;
    const { signal } = c.req.raw;
    const { png: drawn, ...about } = await oneOfFew(c, previewPlaces, () =>
      previewOf({ result, isDrawn }, caller, tools, signal),
    );
    const png = about.mayHoldName && isAlwaysAnonymised(caller.roles) ? null : drawn;
    const isNamed = (about.patient?.name ?? about.patient?.id ?? null) !== null;
    const reading = isDrawn ? readingOfImage(result) : isNamed ? 'named-headers' : 'headers';
    await recordReading(tools, caller, result.study_instance_uid, reading);
    const thumbnail = png && Buffer.from(png).toString('base64url');
    return c.json({ ...about, thumbnail }, 200, NOT_KEPT);
  });
  router.openapi(readBack, async (c) => {
    const { id, sopInstanceUID } = c.req.valid('param');
    const caller = callerOf(c);
    const source = await reachedSource(await reached(db, caller, id), caller, db);
    const instances = (await instancesOfResults(db, [id])).get(id) ?? [];
    const instance = instances.find((one) => one.sopInstanceUID === sopInstanceUID);
    if (source === null || instance === undefined || !mayRead(caller, instance))
      throw new Problem('not-found');
    if (isVerified(instance) && (await readWithoutVerdicts(db, caller, [id])).has(id))
      throw new Problem('not-found');
    const { studyInstanceUID } = source;
    const where = { studyInstanceUID, seriesInstanceUID: instance.seriesInstanceUID, sopInstanceUID };
    const bytes = await fromPacs(fetchWhole(tools.pacs, where, c.req.raw.signal));
    const isReport = instance.kind === 'SR';
    if (!isReport) await checkNoName(bytes, caller, tools);
    const read = { kind: isReport ? 'reports' : 'images', subject: isReport ? id : sopInstanceUID } as const;
    await recordReading(tools, caller, studyInstanceUID, read);
    return c.body(bytes, 200, { 'Content-Type': 'application/dicom', ...NOT_KEPT });
  });
}

/**
 * An image counts as one reading, however it is drawn. It is identified by its UID, or by the result if it came as a
 * file.
 */
const readingOfImage = ({ sop_instance_uid: uid, id }: ResultRow) =>
  ({ kind: 'images', subject: uid ?? id }) as const;

/**
 * Where the PACS has the examined image; null: it came as a file, or the caller has access to the result but not to
 * the image.
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
 * Never aborts. The thread holds the image until it is drawn, even if the caller hangs up, so the request keeps its
 * place as long. Otherwise callers who ask and hang up could fill the memory.
 */
const UNTIL_DRAWN = new AbortController().signal;

/**
 * The examined image, as a person sees it.
 * @throws Problem image-gone, picture-may-hold-name, pacs-unreachable.
 */
async function imageOf(
  result: ResultRow,
  caller: Caller,
  tools: ResultRouteTools,
  signal: AbortSignal,
): Promise<Extract<Shown, { kind: 'shown' }>> {
  const image = await sourceImage(result, caller, tools, signal);
  const seen = await tools.examiner.show(image, UNTIL_DRAWN);
  signal.throwIfAborted();
  if (seen.kind === 'refused') throw new Problem('image-gone');
  if (seen.mayHoldName && isAlwaysAnonymised(caller.roles)) throw new Problem('picture-may-hold-name');
  return seen;
}

/** A result drawn over an image also shows what is in the image. @throws Problem picture-may-hold-name. */
async function checkNoName(
  bytes: ShownImage['bytes'],
  caller: Caller,
  { examiner }: ResultRouteTools,
): Promise<void> {
  if (!isAlwaysAnonymised(caller.roles)) return;
  const seen = await examiner.preview({ bytes, frame: 0, digest: null }, UNTIL_DRAWN);
  if (seen?.mayHoldName !== false) throw new Problem('picture-may-hold-name');
}

/** @throws Problem image-gone, pacs-unreachable. */
async function previewOf(
  { result, isDrawn }: { readonly result: ResultRow; readonly isDrawn: boolean },
  caller: Caller,
  tools: ResultRouteTools,
  signal: AbortSignal,
): Promise<Preview> {
  const image = await sourceImage(result, caller, tools, signal);
  const seen = await tools.examiner.preview(isDrawn ? image : { ...image, frame: null }, UNTIL_DRAWN);
  signal.throwIfAborted();
  if (seen === null) throw new Problem('image-gone');
  return seen;
}

/**
 * The examined instance, for callers who have access to the image and not only to its result. The thread checks
 * whether the bytes are still the same.
 * @throws Problem image-gone, pacs-unreachable.
 */
async function sourceImage(
  result: ResultRow,
  caller: Caller,
  { db, pacs }: ResultRouteTools,
  signal: AbortSignal,
): Promise<ShownImage> {
  const where = await reachedSource(result, caller, db);
  if (where === null) throw new Problem('image-gone');
  const bytes = await fromPacs(fetchWhole(pacs, where, signal)).catch((error: unknown) => {
    throw error instanceof Problem && error.code === 'study-not-found' ? new Problem('image-gone') : error;
  });
  const { frame, digest } = result.finding.input;
  return { bytes, frame, digest };
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
