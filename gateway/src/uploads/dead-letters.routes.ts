/** `/admin/destinations/{id}/dead-letters`: what a destination did not take. For the role `admin`. */
import { z } from '@hono/zod-openapi';
import {
  deadLetterDecisionSchema,
  deadLettersDecidedSchema,
  deadLettersSchema,
} from '#shared/protocol/destination.ts';
import { callerOf, createRouter, defineRoute, jsonBody, jsonResponse, type Router } from '../http/route.ts';
import type { ApplyTools } from '../pipeline/apply-plan.ts';
import { decideDeadLetters, listDeadLetters } from './dead-letters.ts';

const PATH = '/admin/destinations/{id}/dead-letters';
const ADMIN = ['admin'] as const;
const byId = z.object({ id: z.uuid() });

const list = defineRoute({
  method: 'get',
  path: PATH,
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'What this destination, which gets studies also, did not take',
  request: { params: byId },
  responses: {
    200: jsonResponse(deadLettersSchema, 'The oldest first; at most 500, and how many there are.'),
  },
});
const decide = defineRoute({
  method: 'post',
  path: PATH,
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'Send them there again, or leave them out: those that are named, or all. Repeatable',
  request: { params: byId, body: jsonBody(deadLetterDecisionSchema) },
  responses: {
    200: jsonResponse(
      deadLettersDecidedSchema,
      'How many changed; what is no longer here is not sent again.',
    ),
  },
});

export function deadLetterRoutes(tools: ApplyTools): Router {
  const router = createRouter();
  router.openapi(list, async (c) => {
    const place = { siteId: callerOf(c).siteId, destinationId: c.req.valid('param').id };
    const { total, deadLetters } = await listDeadLetters(tools.db, place);
    return c.json({ total, deadLetters: [...deadLetters] }, 200);
  });
  router.openapi(decide, async (c) => {
    const { siteId, id: by } = callerOf(c);
    const place = { siteId, destinationId: c.req.valid('param').id };
    return c.json({ changed: await decideDeadLetters(tools, place, by, c.req.valid('json')) }, 200);
  });
  return router;
}
