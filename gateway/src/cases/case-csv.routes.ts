/** `POST /cases/import`: cases from a CSV file, as it streams in. */
import { z } from '@hono/zod-openapi';
import { caseImportSchema, CSV_BYTES_LIMIT, csvColumnsSchema } from '#shared/protocol/case-csv.ts';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { invalidRequest } from '../http/invalid-request.ts';
import { oneOfFew } from '../http/one-of-few.ts';
import { createPlaces } from '../http/places.ts';
import { readLimited } from '../http/read-multipart.ts';
import { allow, callerOf, createRouter, describeRoute, jsonResponse, type Router } from '../http/route.ts';
import type { CaseTools } from './case-tools.ts';
import { importCases, type InTurn } from './import-cases.ts';

const PATH = '/cases/import';
/**
 * An import must end within an hour, because keys of cases that do not exist yet are kept that long
 * (pipeline/stores/study-key.ts).
 */
const LIMITS = { bytes: CSV_BYTES_LIMIT, quietMs: 30_000, totalMs: 20 * 60_000 };
/** Any number of files are read at once, but only one per account, so a slow connection delays nobody else. */
const FILES = { atOnce: Infinity, ofOne: 1 };
/**
 * Rows that are looked up together. Within a batch, the next request goes to the PACS as soon as it has answered the
 * last.
 */
const LOTS = { atOnce: 2, ofOne: 1 };

const querySchema = z
  .object({
    dryRun: z.enum(['true', 'false']).default('false'),
    id: z.uuid().optional(),
    columns: csvColumnsSchema.optional(),
  })
  .refine(({ dryRun, id }) => dryRun === 'true' || id !== undefined, { path: ['id'] });

export function caseCsvRoutes(tools: CaseTools): Router {
  const router = createRouter();
  const files = createPlaces(FILES);
  // If a batch stopped waiting for its turn, the part of the file received so far would be lost.
  const lots = createPlaces(LOTS, LIMITS.totalMs);
  describeImport(router);
  router.post(PATH, allow(CASE_KEEPERS), async (c) => {
    const keeper = callerOf(c);
    const query = querySchema.safeParse(c.req.query());
    if (!query.success) throw invalidRequest(query.error.issues, 'query');
    const { body, headers, signal } = c.req.raw;
    if (!/^text\/csv\s*(;|$)/i.test(headers.get('content-type') ?? ''))
      throw new Problem('unsupported-media-type');
    if (body === null) throw new Problem('bad-request');
    const { dryRun, id, columns } = query.data;
    const pieces = readLimited(body, LIMITS);
    const inTurn: InTurn = (work) => oneOfFew(c, lots, work);
    const file = { pieces, columns, signal, inTurn };
    const report = await oneOfFew(c, files, () =>
      importCases(tools, { id: dryRun === 'true' ? null : id!, keeper }, file),
    );
    return c.json(report, 200);
  });
  return router;
}

function describeImport(router: Router): void {
  const query = z.object({
    dryRun: z.enum(['true', 'false']).optional(),
    id: z.uuid().optional().openapi({
      description: 'Of this import, chosen by the caller: sent again with it, nothing is added twice.',
    }),
    columns: z.string().optional().openapi({
      description: 'The field of each column from the left, separated by commas; `-` leaves one out.',
    }),
  });
  describeRoute(router, {
    method: 'post',
    path: PATH,
    roles: CASE_KEEPERS,
    tags: ['cases'],
    summary: 'Open and change cases by a CSV file: all of its rows, or none if one is wrong',
    request: { query },
    requestBody: { required: true, content: { 'text/csv': { schema: { type: 'string' } } } },
    problems: [
      ...(['bad-request', 'body-too-large', 'unsupported-media-type'] as const),
      ...(['pacs-unreachable', 'case-changed', 'called-off'] as const),
    ],
    responses: { 200: jsonResponse(caseImportSchema, 'What is in, or would be, and which rows are wrong.') },
  });
}
