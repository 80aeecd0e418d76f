/** `/analytics/*`: figures of uploads, models and reviews; and `/evaluation`, predictions as CSV. */
import { randomInt } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import {
  EVALUATORS,
  modelFiguresSchema,
  OPERATIONS_READERS,
  operationsSchema,
  reviewFiguresSchema,
} from '#shared/protocol/analytics.ts';
import { READS_ALL, type Role } from '#shared/protocol/api.ts';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import {
  privateModelsSchema,
  privateOperationsSchema,
  privateReviewsSchema,
  toldModelsSchema,
  toldOperationsSchema,
  toldReviewsSchema,
} from '#shared/protocol/private-figures.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { callerOf, createRouter, defineRoute, jsonResponse, type Router } from '../http/route.ts';
import { agreementOf } from './agreement.ts';
import { askedOf, askedSchema, saidOf, wholeMonths } from './asked.ts';
import { countModels } from './count-models.ts';
import { countOperations } from './count-operations.ts';
import { countTurnaround, countWorkload } from './count-reviews.ts';
import {
  PRIVATE_READERS,
  tellAgain,
  tellModels,
  tellOperations,
  tellReviews,
} from './private/private-figures.ts';
import { exportEvaluation, type EvaluationTools } from './export-evaluation.ts';

const figures = {
  method: 'get' as const,
  tags: ['analytics'],
  request: {
    query: askedSchema.extend({
      private: z.enum(['true', 'false', 'told']).optional().openapi({
        description:
          'Counts with noise alone; the same question again in a month is paid for once. `told`: without a payment, what is left of the month, and the answer if it was paid for.',
      }),
    }),
  },
  problems: ['only-with-noise', 'privacy-budget-spent'] as const,
};

const operations = defineRoute({
  ...figures,
  path: '/analytics/operations',
  operationId: 'getOperationsFigures',
  roles: PRIVATE_READERS.operations,
  summary:
    'Uploads: studies, bytes, time to the PACS, retries, refusals. Only administrators ask by sex and age. Of researchers: only with noise',
  responses: {
    200: jsonResponse(
      z.union([operationsSchema, privateOperationsSchema, toldOperationsSchema]),
      'By day, hour, account, device and modality.',
    ),
  },
});
const models = defineRoute({
  ...figures,
  path: '/analytics/models',
  operationId: 'getModelFigures',
  roles: PRIVATE_READERS.models,
  summary:
    'Models: results, verdicts, disagreements, calibration and speed. Small groups are withheld from researchers',
  responses: {
    200: jsonResponse(z.union([modelFiguresSchema, privateModelsSchema, toldModelsSchema]), 'By version.'),
  },
});
const reviews = defineRoute({
  ...figures,
  path: '/analytics/reviews',
  operationId: 'getReviewFigures',
  roles: PRIVATE_READERS.reviews,
  summary:
    'Reviews: how long they take, and who has how many; how far readers agree with each other and with models. Of readers all for administrators, else your own. Of researchers: only with noise',
  responses: {
    200: jsonResponse(
      z.union([reviewFiguresSchema, privateReviewsSchema, toldReviewsSchema]),
      'No figure of agreement of fewer than 200 readings.',
    ),
  },
});
const evaluation = defineRoute({
  ...figures,
  path: '/evaluation',
  roles: EVALUATORS,
  summary: 'Predictions with verdicts and cohorts, as CSV, the oldest first',
  responses: {
    200: {
      description: 'RFC 4180, UTF-8. A study has a pseudonym; there is no identity and no UID.',
      content: { 'text/csv': { schema: { type: 'string' as const } } },
    },
  },
});

const CSV_HEADERS = {
  'Content-Type': 'text/csv; charset=utf-8; header=present',
  'Content-Disposition': 'attachment; filename="evaluation.csv"',
  'X-Content-Type-Options': 'nosniff',
};

/** Requires a role that may ask for exact figures. @throws Problem only-with-noise. */
function mustBe(roles: readonly Role[], readers: readonly Role[]): void {
  if (!roles.some((role) => readers.includes(role))) throw new Problem('only-with-noise');
}

export function analyticsRoutes(tools: EvaluationTools): Router {
  const { db, now } = tools;
  const noisy = { db, now, draw: (below: number) => randomInt(below) };
  const router = createRouter();
  router.openapi(operations, async (c) => {
    const caller = callerOf(c);
    const { roles, siteId } = caller;
    const { private: isPrivate, ...query } = c.req.valid('query');
    const asked = askedOf(query, now());
    if (isPrivate === 'told') return c.json(await tellAgain(noisy, 'operations', caller, asked), 200);
    if (isPrivate === 'true') return c.json(await tellOperations(noisy, caller, asked), 200);
    mustBe(roles, OPERATIONS_READERS);
    const { sex, ageBand } = asked.cohort;
    // An auditor could tell from sex and age band, together with account, device and hour, who was examined.
    if ((sex ?? ageBand) !== undefined && !roles.includes('admin')) throw new Problem('not-allowed');
    return c.json(await countOperations(db, siteId, asked), 200);
  });
  router.openapi(models, async (c) => {
    const caller = callerOf(c);
    const { private: isPrivate, ...query } = c.req.valid('query');
    const wanted = askedOf(query, now());
    if (isPrivate === 'told') return c.json(await tellAgain(noisy, 'models', caller, wanted), 200);
    if (isPrivate === 'true') return c.json(await tellModels(noisy, caller, wanted), 200);
    const isGuarded = !caller.roles.some((role) => READS_ALL.includes(role));
    const asked = isGuarded ? wholeMonths(wanted, now()) : wanted;
    return c.json(await countModels(db, { caller, asked, isGuarded }), 200);
  });
  router.openapi(reviews, async (c) => {
    const caller = callerOf(c);
    const { private: isPrivate, ...query } = c.req.valid('query');
    const asked = askedOf(query, now());
    if (isPrivate === 'told') return c.json(await tellAgain(noisy, 'reviews', caller, asked), 200);
    if (isPrivate === 'true') return c.json(await tellReviews(noisy, caller, asked), 200);
    mustBe(caller.roles, CASE_KEEPERS);
    const [agreement, turnaround, workload] = await Promise.all([
      agreementOf(db, caller, !caller.roles.includes('admin')),
      countTurnaround(db, caller.siteId, asked),
      countWorkload(db, caller, asked),
    ]);
    return c.json({ ...agreement, ...saidOf(asked), turnaround, workload }, 200);
  });
  router.openapi(evaluation, async (c) => {
    const asked = askedOf(c.req.valid('query'), now());
    return c.body(await exportEvaluation(tools, callerOf(c), asked), 200, CSV_HEADERS);
  });
  return router;
}
