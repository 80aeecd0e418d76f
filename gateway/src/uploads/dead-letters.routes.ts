/**
 * `/admin/destinations/{id}/dead-letters` and `…/resend`: instances that a destination did not take, and studies that
 * were given up there. For the role `admin`.
 */
import { z } from '@hono/zod-openapi';
import {
  DEAD_LETTERS_LIMIT,
  deadLetterDecisionSchema,
  deadLettersDecidedSchema,
  deadLettersSchema,
  resentSchema,
} from '#shared/protocol/destination.ts';
import { callerOf, createRouter, defineRoute, jsonBody, jsonResponse, type Router } from '../http/route.ts';
import type { ApplyTools } from '../pipeline/plan/apply-plan.ts';
import { decideDeadLetters, listDeadLetters, resendGivenUp } from './dead-letters.ts';
import type { UploadTools } from './upload-tools.ts';

const PATH = '/admin/destinations/{id}/dead-letters';
const ADMIN = ['admin'] as const;
const byId = z.object({ id: z.uuid() });

const list = defineRoute({
  method: 'get',
  path: PATH,
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'What this destination, which is not the primary one, did not take',
  request: {
    params: byId,
    query: z.object({ limit: z.coerce.number().int().min(1).max(DEAD_LETTERS_LIMIT).default(100) }),
  },
  responses: {
    200: jsonResponse(
      deadLettersSchema,
      'The oldest first, one by one and by study, and how many there are.',
    ),
  },
});
const decide = defineRoute({
  method: 'post',
  path: PATH,
  operationId: 'decideDeadLetters',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found', 'decision-not-possible', 'pacs-unreachable'],
  summary:
    'Send them there again, or leave them out: those that are named, of named studies, or all. Repeatable',
  request: { params: byId, body: jsonBody(deadLetterDecisionSchema) },
  responses: {
    200: jsonResponse(
      deadLettersDecidedSchema,
      'How many changed, and of which studies nothing could be decided, with the code of why: 409 only where that is all. What is no longer here is fetched from the destination that has it.',
    ),
  },
});
const resend = defineRoute({
  method: 'post',
  path: '/admin/destinations/{id}/resend',
  operationId: 'resendToDestination',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['not-found'],
  summary: 'Send the studies there that were given up. Repeatable',
  request: { params: byId },
  responses: {
    200: jsonResponse(
      resentSchema,
      'How many. What is no longer at the gateway is fetched from the destination that has it.',
    ),
  },
});

export function deadLetterRoutes(tools: ApplyTools & UploadTools): Router {
  const router = createRouter();
  router.openapi(list, async (c) => {
    const place = { siteId: callerOf(c).siteId, destinationId: c.req.valid('param').id };
    const found = await listDeadLetters(tools.db, place, c.req.valid('query').limit);
    return c.json({ ...found, deadLetters: [...found.deadLetters], studies: [...found.studies] }, 200);
  });
  router.openapi(decide, async (c) => {
    const { siteId, id: by } = callerOf(c);
    const place = { siteId, destinationId: c.req.valid('param').id };
    return c.json(await decideDeadLetters(tools, place, by, c.req.valid('json')), 200);
  });
  router.openapi(resend, async (c) => {
    const { siteId, id: by } = callerOf(c);
    const place = { siteId, destinationId: c.req.valid('param').id };
    return c.json({ resent: await resendGivenUp(tools, place, by) }, 200);
  });
  return router;
}
