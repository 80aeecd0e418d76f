/**
 * `/review-types`: the questions that readers are asked, as data. Administrators and radiologists create and change
 * them.
 */
import { z } from '@hono/zod-openapi';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import {
  newReviewTypeSchema,
  reviewTypeChangeSchema,
  reviewTypeNameSchema,
  reviewTypesSchema,
} from '#shared/protocol/reviews.ts';
import {
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Caller,
  type Router,
} from '../http/route.ts';
import { listReaders } from './choose-readers.ts';
import type { ReviewTools } from './review-tools.ts';
import { reviewTypes } from './review-type.store.ts';

const shared = { roles: CASE_KEEPERS, tags: ['reviews'] };
const list = defineRoute({
  ...shared,
  method: 'get',
  path: '/review-types',
  summary: 'The newest version of each review type',
  responses: { 200: jsonResponse(reviewTypesSchema, 'By name.') },
});
const add = defineRoute({
  ...shared,
  method: 'post',
  path: '/review-types',
  problems: ['review-type-changed'],
  summary: 'Add a review type: who reads, and a form as JSON Schema',
  request: { body: jsonBody(newReviewTypeSchema) },
  responses: { 201: jsonResponse(reviewTypesSchema, 'All of them, by name.') },
});
const change = defineRoute({
  ...shared,
  method: 'put',
  path: '/review-types/{name}',
  problems: ['not-found', 'review-type-changed'],
  summary: 'Make the next version. Reviews that are open keep theirs',
  request: { params: z.object({ name: reviewTypeNameSchema }), body: jsonBody(reviewTypeChangeSchema) },
  responses: { 200: jsonResponse(reviewTypesSchema, 'All of them, by name.') },
});

export function reviewTypeRoutes(tools: ReviewTools): Router {
  const router = createRouter();
  const all = async (caller: Caller) => ({
    types: await reviewTypes.list(tools.db, caller.siteId),
    readers: await listReaders(tools.db, caller),
  });
  router.openapi(list, async (c) => c.json(await all(callerOf(c)), 200));
  router.openapi(add, async (c) => {
    const caller = callerOf(c);
    await reviewTypes.add(tools, caller, c.req.valid('json'));
    return c.json(await all(caller), 201);
  });
  router.openapi(change, async (c) => {
    const caller = callerOf(c);
    await reviewTypes.change(tools, caller, { ...c.req.valid('param'), ...c.req.valid('json') });
    return c.json(await all(caller), 200);
  });
  return router;
}
