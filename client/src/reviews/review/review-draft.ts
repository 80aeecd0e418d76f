/**
 * Answers that a reader has not saved yet. They stay on the device, encrypted, when the reader leaves the page, and are
 * deleted once saved. A draft for an older version of the place is ignored, because the place was changed on another
 * device since.
 */
import { z } from 'zod';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { answersSchema } from '#shared/protocol/review-forms.ts';
import { DECISIONS, type ReviewPlace } from '#shared/protocol/reviews.ts';
import { forgetUnsent, keepUnsent, keptUnsent } from '../../pipeline/queue/rows/unsent.ts';
import type { MarkTools } from './review-marks.ts';

const typedShape = {
  /** Null: not decided yet. */
  decision: z.enum(DECISIONS).nullable(),
  answers: answersSchema,
  reason: z.string(),
};
const draftSchema = z.object({ reviewId: z.uuid(), place: z.int(), version: z.int(), ...typedShape });
const typedSchema = z.object(typedShape);
export type Typed = z.infer<typeof typedSchema>;

type DraftTools = Pick<MarkTools, 'database' | 'account'>;
type Of = Pick<ReviewPlace, 'place' | 'version'> & { readonly reviewId: string };

/**
 * Drafts of this page are written one after the other, even across reopened pages, and reading waits for all writes. So
 * an older draft never overwrites a newer one, and a reader who comes back at once finds the last letter.
 */
let writing = Promise.resolve();

export function createDrafts({ database, account }: DraftTools) {
  const inTurn = (write: () => Promise<void>): Promise<void> => {
    writing = writing.then(async () => void (await ignoreFailure(write(), 'nothing is kept here')));
    return writing;
  };
  const rowOf = (id: string) => ({ kind: 'draft', account, id }) as const;
  return {
    keep: ({ reviewId, place, version }: Of, typed: Typed): Promise<void> =>
      inTurn(() => keepUnsent(database, rowOf(reviewId), { ...typed, reviewId, place, version })),
    forget: (reviewId: string): Promise<void> => inTurn(() => forgetUnsent(database, rowOf(reviewId))),
    /** Null: there is no draft for this version of the place. */
    async read({ reviewId, place, version }: Of): Promise<Typed | null> {
      await writing;
      const rows = await ignoreFailure(keptUnsent(database, { kind: 'draft', account }), 'nothing is kept');
      const drafts = (rows ?? []).flatMap((row) => draftSchema.safeParse(row).data ?? []);
      const found = drafts.find(
        (one) => one.reviewId === reviewId && one.place === place && one.version === version,
      );
      return found ? typedSchema.parse(found) : null;
    },
  };
}
