/** `/case-views`: a person's own lists of cases. */
import { z } from '@hono/zod-openapi';
import { caseViewSchema, caseViewsSchema, newCaseViewSchema } from '#shared/protocol/case-views.ts';
import { CASE_READERS } from '#shared/protocol/cases.ts';
import { callerOf, createRouter, defineRoute, jsonBody, jsonResponse, type Router } from '../http/route.ts';
import { deleteView, listViews, saveView, type CaseViewTools } from './case-views.ts';

const byId = z.object({ id: z.uuid() });
const view = z.object(caseViewSchema.shape).openapi('CaseView');

const list = defineRoute({
  method: 'get',
  path: '/case-views',
  roles: CASE_READERS,
  tags: ['cases'],
  summary: 'Your saved views of the list of cases',
  responses: { 200: jsonResponse(caseViewsSchema, 'In the order in which they were saved.') },
});
const add = defineRoute({
  method: 'post',
  path: '/case-views',
  roles: CASE_READERS,
  tags: ['cases'],
  summary: 'Save a view. One of yours with the same name gives way',
  request: { body: jsonBody(newCaseViewSchema) },
  responses: { 201: jsonResponse(view, 'The view.') },
});
const change = defineRoute({
  method: 'put',
  path: '/case-views/{id}',
  roles: CASE_READERS,
  tags: ['cases'],
  problems: ['not-found'],
  summary: 'Change a view. Another one of yours with the same name gives way',
  request: { params: byId, body: jsonBody(newCaseViewSchema) },
  responses: { 200: jsonResponse(view, 'The view as it is now.') },
});
const remove = defineRoute({
  method: 'delete',
  path: '/case-views/{id}',
  roles: CASE_READERS,
  tags: ['cases'],
  problems: ['not-found'],
  summary: 'Delete a view. Its cases stay',
  request: { params: byId },
  responses: { 204: { description: 'Deleted.' } },
});

export function caseViewRoutes(tools: CaseViewTools): Router {
  const router = createRouter();
  router.openapi(list, async (c) => c.json({ views: await listViews(tools, callerOf(c).id) }, 200));
  router.openapi(add, async (c) => {
    const saved = { ...c.req.valid('json'), id: null, accountId: callerOf(c).id };
    return c.json(await saveView(tools, saved), 201);
  });
  router.openapi(change, async (c) => {
    const saved = { ...c.req.valid('json'), id: c.req.valid('param').id, accountId: callerOf(c).id };
    return c.json(await saveView(tools, saved), 200);
  });
  router.openapi(remove, async (c) => {
    await deleteView(tools.db, { id: c.req.valid('param').id, accountId: callerOf(c).id });
    return c.body(null, 204);
  });
  return router;
}
