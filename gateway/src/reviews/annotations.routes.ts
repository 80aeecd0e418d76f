/** `/reviews/{id}/annotations`: what readers draw on the images of the case. */
import { z } from '@hono/zod-openapi';
import { putAnnotationsSchema, reviewAnnotationsSchema } from '#shared/protocol/annotations.ts';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { REVIEWERS } from '#shared/protocol/reviews.ts';
import { recordCaseReading } from '../cases/record-case-reading.ts';
import { oneOfFew } from '../http/one-of-few.ts';
import { createPlaces } from '../http/places.ts';
import { readJudged } from '../http/json-body.ts';
import {
  allow,
  callerOf,
  createRouter,
  defineRoute,
  describeRoute,
  paramsOf,
  jsonBody,
  jsonResponse,
  type Caller,
  type Router,
} from '../http/route.ts';
import { putAnnotations } from './change-annotations.ts';
import { ANNOTATIONS } from './parse-annotations.ts';
import { findListed } from './list-reviews.ts';
import type { AnnotationTools } from './review-tools.ts';
import { showAnnotations } from './show-annotations.ts';

/** Enough for 200 lines of 500 points as a browser writes them. */
const BODY_BYTES_LIMIT = 4 * 1024 * 1024;

/** Each request may hold 50 MB while an image is read for the first time. */
const PLACES = { atOnce: 4, ofOne: 2 };

const byId = z.object({ id: z.uuid() });
const shown = z.object(reviewAnnotationsSchema.shape).openapi('ReviewAnnotations');
const about = { tags: ['reviews'], path: '/reviews/{id}/annotations' as const };

const show = defineRoute({
  ...about,
  roles: CASE_KEEPERS,
  method: 'get',
  problems: ['not-found', 'case-unreadable'],
  summary: 'What readers drew, as far as you may see it before the review is settled',
  request: {
    params: byId,
    query: z.object({
      anonymise: z
        .enum(['1'])
        .optional()
        .openapi({ description: 'Leave out the words of signed readings: they may hold a name.' }),
    }),
  },
  responses: { 200: jsonResponse(shown, 'NOT FOR DIAGNOSTIC USE.') },
});
const PUT = {
  ...about,
  roles: REVIEWERS,
  method: 'put',
  problems: [
    ...(['not-found', 'review-changed', 'review-ended', 'review-not-yours', 'case-unreadable'] as const),
    ...(['study-not-found', 'file-too-large', 'pacs-unreachable', 'called-off'] as const),
  ],
  summary: 'Replace the annotations of your place. They can be changed until it is signed',
  request: { params: byId, body: jsonBody(putAnnotationsSchema) },
  responses: { 200: jsonResponse(shown, 'The annotations.') },
} satisfies Parameters<typeof describeRoute>[1];

export function annotationRoutes(tools: AnnotationTools): Router {
  const router = createRouter();
  const places = createPlaces(PLACES);
  router.openapi(show, async (c) => {
    const caller = callerOf(c);
    const isAnonymous = c.req.valid('query').anonymise === '1';
    return c.json(await shownTo(tools, caller, c.req.valid('param').id, isAnonymous), 200);
  });
  describeRoute(router, PUT);
  router.put('/reviews/:id/annotations', allow(REVIEWERS), async (c) => {
    const caller = callerOf(c);
    const { id: reviewId } = paramsOf(byId, c);
    const body = { request: c.req.raw, from: caller.id, bytesLimit: BODY_BYTES_LIMIT };
    const asked = { ...(await readJudged(body, ANNOTATIONS)), reviewId };
    await oneOfFew(c, places, () => putAnnotations(tools, caller, asked, c.req.raw.signal));
    return c.json(await shownTo(tools, caller, reviewId, false), 200);
  });
  return router;
}

/** @throws Problem not-found, case-unreadable. */
async function shownTo(tools: AnnotationTools, caller: Caller, id: string, isAnonymous: boolean) {
  const found = await findListed(tools.db, caller, id);
  if (found === undefined) throw new Problem('not-found');
  const annotations = await showAnnotations(tools, { ...caller, isAnonymous }, found.review);
  await recordCaseReading(tools, caller, found.review.case_id);
  return annotations;
}
