/** `/reviews` and `/cases/{id}/reviews`, for people who are signed in: reviews to read, and the readers' answers. */
import { z } from '@hono/zod-openapi';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { Problem } from '#shared/protocol/problem.ts';
import {
  assignSchema,
  caseReadersSchema,
  caseReviewsSchema,
  decideSchema,
  newReviewSchema,
  REVIEW_LISTS,
  REVIEWERS,
  type Review,
  reviewListSchema,
  reviewSchema,
  reviewTypeNameSchema,
  signSchema,
  withdrawSchema,
} from '#shared/protocol/reviews.ts';
import { findCase } from '../cases/case.store.ts';
import { instantSchema } from '../http/instant.ts';
import { recordCaseReading } from '../cases/record-case-reading.ts';
import {
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Caller,
  type Router,
} from '../http/route.ts';
import { assignPlace, decidePlace, signPlace, withdrawReview } from './change-review.ts';
import {
  cursorOf,
  findListed,
  listReviews,
  parseCursor,
  REVIEW_FILTERS,
  reviewsOfCase,
} from './list-reviews.ts';
import { openReview } from './open-review.ts';
import type { ReviewTools } from './review-tools.ts';
import { whoMayHaveSeen } from './seen-readers.ts';
import { mayListOthers, showCaseReviews, showReview, showReviews } from './show-reviews.ts';

const LIST_LIMIT = 200;
/** Enough for 30 texts of 4 000 characters of four bytes. */
const DECISION_BYTES_LIMIT = 1024 * 1024;

const byId = z.object({ id: z.uuid() });
const shown = z.object(reviewSchema.shape).openapi('Review');
const anonymise = z
  .enum(['1'])
  .optional()
  .openapi({ description: 'Leave out what was typed: it may hold a name.' });
const keepers = { roles: CASE_KEEPERS, tags: ['reviews'] };
const readers = { roles: REVIEWERS, tags: ['reviews'] };

const list = defineRoute({
  ...keepers,
  method: 'get',
  path: '/reviews',
  summary: 'Reviews: the most urgent cases first, then those marked for early reading, then the oldest',
  request: {
    query: z.object({
      list: z.enum(REVIEW_LISTS).default('todo'),
      reader: z.uuid().optional().openapi({
        description: 'Whose list it is: your own, or anybody’s for an administrator who reads no reviews.',
      }),
      type: reviewTypeNameSchema.optional(),
      state: z
        .enum(REVIEW_FILTERS)
        .optional()
        .openapi({ description: '`open`: neither settled nor withdrawn.' }),
      from: instantSchema
        .optional()
        .openapi({ description: 'Settled since then; in the list `signed`: signed since then.' }),
      to: instantSchema.optional().openapi({ description: 'Not included.' }),
      limit: z.coerce.number().int().min(1).max(LIST_LIMIT).default(50),
      cursor: z.string().max(32).optional(),
      anonymise,
    }),
  },
  responses: { 200: jsonResponse(reviewListSchema, 'A page.') },
});
const ofCase = defineRoute({
  ...keepers,
  method: 'get',
  path: '/cases/{id}/reviews',
  problems: ['not-found'],
  summary: 'The reviews of a case',
  request: { params: byId, query: z.object({ anonymise }) },
  responses: { 200: jsonResponse(caseReviewsSchema, 'Oldest first.') },
});
const seenBy = defineRoute({
  ...keepers,
  method: 'get',
  path: '/cases/{id}/readers',
  problems: ['not-found'],
  summary: 'Who may have seen what a blinded reading of the case is to be made without',
  request: {
    params: byId,
    query: z.object({
      review: z
        .uuid()
        .optional()
        .openapi({ description: 'A review under way; without it, one to be opened.' }),
    }),
  },
  responses: {
    200: jsonResponse(
      caseReadersSchema,
      'Nobody, for a caller who is to know nothing of readers of the case.',
    ),
  },
});
const open = defineRoute({
  ...keepers,
  method: 'post',
  path: '/cases/{id}/reviews',
  problems: ['not-found', 'review-changed', 'review-finding-seen'],
  summary: 'Have a case read. The caller makes the id: the same request again opens no second review',
  request: { params: byId, body: jsonBody(newReviewSchema) },
  responses: { 201: jsonResponse(shown, 'The review.') },
});
const show = defineRoute({
  ...keepers,
  method: 'get',
  path: '/reviews/{id}',
  problems: ['not-found'],
  summary: 'A review, as far as you may see it before it is settled',
  request: { params: byId },
  responses: { 200: jsonResponse(shown, 'NOT FOR DIAGNOSTIC USE.') },
});

const stepProblems = ['not-found', 'review-changed', 'review-ended', 'review-not-yours'] as const;
const assign = defineRoute({
  ...keepers,
  method: 'post',
  path: '/reviews/{id}/assign',
  problems: [...stepProblems, 'review-finding-seen', 'case-unreadable'],
  summary: 'Give a place to somebody, or take it',
  request: { params: byId, body: jsonBody(assignSchema) },
  responses: { 200: jsonResponse(shown, 'The review.') },
});
const decide = defineRoute({
  ...readers,
  method: 'post',
  path: '/reviews/{id}/decision',
  operationId: 'decideReview',
  problems: [...stepProblems, 'case-unreadable'],
  bodyBytesLimit: DECISION_BYTES_LIMIT,
  summary: 'Accept, correct or reject, with the answers of the form. It can be changed until it is signed',
  request: { params: byId, body: jsonBody(decideSchema) },
  responses: { 200: jsonResponse(shown, 'The review.') },
});
const sign = defineRoute({
  ...readers,
  method: 'post',
  path: '/reviews/{id}/sign',
  problems: [...stepProblems, 'review-marks-changed', 'review-contradicts', 'case-unreadable'],
  summary: 'Sign the decision. Nothing is changed in it after that',
  request: { params: byId, body: jsonBody(signSchema) },
  responses: { 200: jsonResponse(shown, 'The review.') },
});
const withdraw = defineRoute({
  ...keepers,
  method: 'post',
  path: '/reviews/{id}/withdraw',
  problems: stepProblems,
  summary: 'End a review that nobody needs: by an administrator, or by whoever opened it',
  request: { params: byId, body: jsonBody(withdrawSchema) },
  responses: { 200: jsonResponse(shown, 'The review.') },
});

export function reviewRoutes(tools: ReviewTools): Router {
  const router = createRouter();
  serveReading(router, tools);
  serveChanges(router, tools);
  return router;
}

function serveReading(router: Router, tools: ReviewTools): void {
  const { db } = tools;
  router.openapi(list, async (c) => {
    const caller = callerOf(c);
    const { cursor, anonymise: anonymous, reader: readerId = caller.id, ...asked } = c.req.valid('query');
    if (readerId !== caller.id && !mayListOthers(caller)) throw new Problem('not-allowed');
    const after = cursor === undefined ? undefined : parseCursor(cursor);
    if (after === null) throw new Problem('invalid-request', 'Invalid: cursor.');
    const { found, more } = await listReviews(db, caller, { ...asked, readerId, after });
    const viewer = { ...caller, isAnonymous: anonymous === '1' };
    const last = found.at(-1);
    const next = more && last !== undefined ? cursorOf(last) : null;
    return c.json({ reviews: await showReviews(tools, viewer, found), next }, 200);
  });
  router.openapi(ofCase, async (c) => {
    const caller = callerOf(c);
    const { id } = await findCase(db, caller, c.req.valid('param').id);
    const viewer = { ...caller, isAnonymous: c.req.valid('query').anonymise === '1' };
    const reviews = await showCaseReviews(tools, viewer, await reviewsOfCase(db, caller, id));
    await recordCaseReading(tools, caller, id);
    return c.json({ reviews }, 200);
  });
  router.openapi(seenBy, async (c) => {
    const caller = callerOf(c);
    const { id: caseId } = await findCase(db, caller, c.req.valid('param').id);
    const seen = await whoMayHaveSeen(tools, caller, { caseId, reviewId: c.req.valid('query').review });
    return c.json({ seen: [...(seen ?? [])], isTold: seen !== null }, 200);
  });
  router.openapi(show, async (c) => {
    const caller = callerOf(c);
    const review = await shownTo(tools, caller, c.req.valid('param').id);
    await recordCaseReading(tools, caller, review.caseId);
    return c.json(review, 200);
  });
}

function serveChanges(router: Router, tools: ReviewTools): void {
  router.openapi(open, async (c) => {
    const caller = callerOf(c);
    const asked = c.req.valid('json');
    await openReview(tools, caller, { ...asked, caseId: c.req.valid('param').id });
    return c.json(await shownTo(tools, caller, asked.id), 201);
  });
  router.openapi(assign, async (c) => {
    const caller = callerOf(c);
    const { id: reviewId } = c.req.valid('param');
    await assignPlace(tools, caller, { ...c.req.valid('json'), reviewId });
    return c.json(await shownTo(tools, caller, reviewId), 200);
  });
  router.openapi(decide, async (c) => {
    const caller = callerOf(c);
    const { id: reviewId } = c.req.valid('param');
    await decidePlace(tools, caller, { ...c.req.valid('json'), reviewId });
    return c.json(await shownTo(tools, caller, reviewId), 200);
  });
  router.openapi(sign, async (c) => {
    const caller = callerOf(c);
    const { id: reviewId } = c.req.valid('param');
    await signPlace(tools, caller, { ...c.req.valid('json'), reviewId });
    return c.json(await shownTo(tools, caller, reviewId), 200);
  });
  router.openapi(withdraw, async (c) => {
    const caller = callerOf(c);
    const { id: reviewId } = c.req.valid('param');
    await withdrawReview(tools, caller, { ...c.req.valid('json'), reviewId });
    return c.json(await shownTo(tools, caller, reviewId), 200);
  });
}

/** @throws Problem not-found. */
async function shownTo(tools: ReviewTools, caller: Caller, id: string): Promise<Review> {
  const found = await findListed(tools.db, caller, id);
  if (found === undefined) throw new Problem('not-found');
  return showReview(tools, { ...caller, isAnonymous: false }, found);
}
