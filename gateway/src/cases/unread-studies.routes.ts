/** `/cases/unread-studies`: studies that wait to be read, and those that need no reading. */
import { z } from '@hono/zod-openapi';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { uidSchema } from '#shared/protocol/forms.ts';
import { unreadStudiesSchema, UNREAD_DAYS } from '#shared/protocol/unread-studies.ts';
import { callerOf, createRouter, defineRoute, jsonResponse, type Router } from '../http/route.ts';
import type { CaseTools } from './case-tools.ts';
import { countUnread, listUnread, parsePlace, waiveReading } from './unread-studies.ts';

const LIST_LIMIT = 100;

const list = defineRoute({
  method: 'get',
  path: '/cases/unread-studies',
  operationId: 'listUnreadStudies',
  roles: CASE_KEEPERS,
  tags: ['cases'],
  summary: 'Studies of which no reading is settled: those marked for early reading first, then the newest',
  request: {
    query: z.object({
      limit: z.coerce
        .number()
        .int()
        .min(0)
        .max(LIST_LIMIT)
        .default(20)
        .openapi({ description: '0: only how many there are.' }),
      cursor: z.string().max(128).optional(),
    }),
  },
  responses: { 200: jsonResponse(unreadStudiesSchema, `Of the last ${UNREAD_DAYS} days.`) },
});
const ofStudy = {
  path: '/cases/unread-studies/{studyInstanceUID}/waiver',
  roles: CASE_KEEPERS,
  tags: ['cases'],
  problems: ['study-not-found'],
  request: { params: z.object({ studyInstanceUID: uidSchema }) },
} as const;
const waive = defineRoute({
  ...ofStudy,
  method: 'put',
  operationId: 'waiveReading',
  tags: [...ofStudy.tags],
  problems: [...ofStudy.problems],
  summary: 'Say that a study needs no reading',
  responses: { 204: { description: 'It waits for nobody at this site.' } },
});
const want = defineRoute({
  ...ofStudy,
  method: 'delete',
  operationId: 'wantReading',
  tags: [...ofStudy.tags],
  problems: [...ofStudy.problems],
  summary: 'Say that a study needs a reading after all',
  responses: { 204: { description: 'It waits as before.' } },
});

export function unreadStudyRoutes(tools: CaseTools): Router {
  const router = createRouter();
  router.openapi(list, async (c) => {
    const caller = callerOf(c);
    const { limit, cursor } = c.req.valid('query');
    const after = cursor === undefined ? undefined : parsePlace(cursor);
    if (limit === 0) return c.json(await countUnread(tools, caller), 200);
    return c.json(await listUnread(tools, caller, { after, limit }), 200);
  });
  router.openapi(waive, async (c) => {
    await waiveReading(tools, callerOf(c), { ...c.req.valid('param'), isWaived: true });
    return c.body(null, 204);
  });
  router.openapi(want, async (c) => {
    await waiveReading(tools, callerOf(c), { ...c.req.valid('param'), isWaived: false });
    return c.body(null, 204);
  });
  return router;
}
