/**
 * `/results`: lists the models' findings by user, model, study, verdict and period, and the values by which they can
 * be filtered.
 */
import { z } from '@hono/zod-openapi';
import type { Role } from '#shared/protocol/api.ts';
import { uidSchema } from '#shared/protocol/forms.ts';
import type { Db } from '../database/database.ts';
import { instantSchema, isInTime } from '../http/instant.ts';
import { callerOf, createRouter, defineRoute, jsonResponse, type Router } from '../http/route.ts';
import { modelIdSchema, versionSchema } from '../models/model-name.ts';
import { choicesOf, countAlike, listResults } from './list-results.ts';
import { shownResult } from './results.routes.ts';
import { showResults } from './show-results.ts';

const READERS: readonly Role[] = ['technician', 'radiologist', 'researcher', 'auditor', 'admin'];
const LIST_LIMIT = 200;

/** The cursor of a page: the time and the id of the last result on the page before. */
const cursor = z
  .string()
  .regex(/^\d{1,16}~[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'the cursor of the page before')
  .transform((text) => {
    const [ms = '', id = ''] = text.split('~');
    return { at: new Date(Number(ms)), id };
  })
  .refine(({ at }) => isInTime(at), 'not a page');
const list = defineRoute({
  method: 'get',
  path: '/results',
  roles: READERS,
  tags: ['results'],
  summary: 'The models’ findings, the newest first',
  request: {
    query: z.object({
      user: z.uuid().optional(),
      model: modelIdSchema.optional(),
      version: versionSchema.optional(),
      study: uidSchema.optional(),
      verdict: z.enum(['agree', 'correct', 'none']).optional(),
      differs: z.enum(['1']).optional().openapi({ description: 'The device found something else.' }),
      from: instantSchema.optional(),
      to: instantSchema.optional(),
      folded: z.enum(['1']).optional().openapi({
        description:
          'Of the images of one run with the same answer only the newest, with `alike`: how many more.',
      }),
      alike: z
        .uuid()
        .optional()
        .openapi({ description: 'The others of its run with the answer of this result.' }),
      limit: z.coerce.number().int().min(1).max(LIST_LIMIT).default(50),
      cursor: cursor.optional(),
    }),
  },
  responses: {
    200: jsonResponse(
      z.object({ results: z.array(shownResult), next: z.string().nullable() }),
      '`next` is the cursor of the following page; null: there is none.',
    ),
  },
});
const choices = defineRoute({
  method: 'get',
  path: '/results/choices',
  operationId: 'listResultChoices',
  roles: READERS,
  tags: ['results'],
  summary: 'The models and studies by which the list of results can be filtered',
  request: {},
  responses: {
    200: jsonResponse(
      z.object({ models: z.array(z.string()), newest: z.array(shownResult) }),
      '`newest`: the newest result of each of the newest studies.',
    ),
  },
});
/** Register these before the routes of one result, so that `choices` is not taken for an id. */
export function listResultRoutes({ db }: { readonly db: Db }): Router {
  const router = createRouter();
  router.openapi(list, async (c) => {
    const caller = callerOf(c);
    const { cursor: after, limit, ...asked } = c.req.valid('query');
    const filter = { ...asked, shownTo: caller };
    const rows = await listResults(db, caller.siteId, { ...filter, after, limit: limit + 1 });
    const page = rows.slice(0, limit);
    const isFolded = filter.folded !== undefined;
    const alike = isFolded ? await countAlike(db, caller.siteId, filter, page) : null;
    const last = page.at(-1);
    const next = rows.length > page.length && last ? `${last.created_at.getTime()}~${last.id}` : null;
    const results = (await showResults(page, caller, db)).map((one) => {
      const more = alike?.get(one.id) ?? 0;
      return more === 0 ? one : { ...one, alike: more };
    });
    return c.json({ results, next }, 200);
  });
  router.openapi(choices, async (c) => {
    const caller = callerOf(c);
    const { models, newest } = await choicesOf(db, caller);
    return c.json({ models: [...models], newest: await showResults(newest, caller, db) }, 200);
  });
  return router;
}
