/** `/analytics/reviews`: how far readers agree. */
import { CASE_KEEPERS } from '#shared/protocol/cases.ts';
import { agreementSchema } from '#shared/protocol/reviews.ts';
import { callerOf, createRouter, defineRoute, jsonResponse, type Router } from '../http/route.ts';
import { agreementOf } from './agreement.ts';
import type { ReviewTools } from './review-tools.ts';

const agreement = defineRoute({
  method: 'get',
  path: '/analytics/reviews',
  roles: CASE_KEEPERS,
  tags: ['reviews'],
  summary:
    'Agreement of readers with each other and with models: all of them for administrators, else your own',
  responses: { 200: jsonResponse(agreementSchema, 'No figure of fewer than 200 readings.') },
});

export function agreementRoutes({ db }: ReviewTools): Router {
  const router = createRouter();
  router.openapi(agreement, async (c) => {
    const caller = callerOf(c);
    return c.json(await agreementOf(db, caller, !caller.roles.includes('admin')), 200);
  });
  return router;
}
