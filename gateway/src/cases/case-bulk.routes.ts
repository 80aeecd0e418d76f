/** `POST /cases/bulk`: changes several cases at once. */
import { bulkOutcomeSchema, bulkSchema } from '#shared/protocol/case-bulk.ts';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { callerOf, createRouter, defineRoute, jsonBody, jsonResponse, type Router } from '../http/route.ts';
import { changeCases, type BulkTools } from './bulk-cases.ts';

/** Enough for 200 changes, each with ten tags or a reason. */
const BYTES_LIMIT = 1024 * 1024;

const bulk = defineRoute({
  method: 'post',
  path: '/cases/bulk',
  operationId: 'changeCases',
  roles: CASE_KEEPERS,
  tags: ['cases'],
  bodyBytesLimit: BYTES_LIMIT,
  summary: 'Change, close or reopen several cases. A case that refuses is named and holds up no other',
  request: { body: jsonBody(bulkSchema) },
  responses: {
    200: jsonResponse(bulkOutcomeSchema, 'For each case its next version, or why it was refused.'),
  },
});

export function caseBulkRoutes(tools: BulkTools): Router {
  const router = createRouter();
  router.openapi(bulk, async (c) => {
    const cases = await changeCases(tools, callerOf(c), c.req.valid('json').changes);
    return c.json({ cases }, 200);
  });
  return router;
}
