/** A review by one reader, and the gateway's other answers to the page of a review. */
import { randomUUID } from 'node:crypto';
import type { Review, ReviewPlace } from '#shared/protocol/reviews.ts';
import { json, type Asked } from './open-api.ts';

/** `place`: what this reader, its account, has done so far. */
export const recordedReview = (account: string, place: Partial<ReviewPlace> = {}): Review => ({
  ...{ id: randomUUID(), number: 1, caseId: randomUUID(), caseNumber: 7, pseudonym: null, modalities: [] },
  ...{ priority: 'routine', dueOn: null, isEarly: false, outcomeNow: null, positive: null, state: 'reading' },
  ...{ notesAfter: 0, readingsAfter: [], laterNotes: [], seenBefore: [], history: [] },
  ...{ type: 'short', typeVersion: 1, title: 'Short', hidesFinding: false, mayWithdraw: false },
  ...{ openedAt: '2026-11-20T10:00:00.000Z', settledAt: null, finalPlace: null },
  places: [
    {
      ...{ place: 1, state: 'assigned', version: 1, isMine: true, said: null, signedAt: null },
      reader: { id: account, username: 'ana' },
      ...place,
    },
  ],
  definition: {
    ...{ title: 'Short', readers: 1, hidesFinding: false, assignment: 'hand' },
    form: {
      type: 'object',
      properties: { comment: { title: 'Comment', 'x-field': 'text', type: 'string', maxLength: 100 } },
      required: [],
      additionalProperties: false,
    },
  },
});

/** No other review waits, and the case cannot be read. */
export function answerBeside({ path }: Asked, review: Review): Response {
  if (path.startsWith('/cases/')) return json({}, 500);
  return path.startsWith('/reviews?') ? json({ reviews: [], next: null }) : json(review);
}
