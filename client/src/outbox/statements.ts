/**
 * The kinds of statements that a person makes and the gateway must receive: verdicts on results, and answers,
 * signatures and marks of reviews. Each kind defines where it is sent and what the gateway answers. A step of a review
 * has its own id, so that sending it twice has the effect of once. A verdict names the revision that its author looked
 * at.
 */
import { z } from 'zod';
import {
  putAnnotationsSchema,
  reviewAnnotationsSchema,
  type ReviewAnnotations,
} from '#shared/protocol/annotations.ts';
import { findingSchema, resultSchema, verifyRequestSchema, type Result } from '#shared/protocol/inference.ts';
import { answersSchema } from '#shared/protocol/review-forms.ts';
import { DECISIONS, decideSchema, reviewSchema, signSchema, type Review } from '#shared/protocol/reviews.ts';
import type { Trouble } from '../kit/trouble.ts';
import type { SentKind } from '../pipeline/queue/rows/unsent.ts';

const troubleSchema = z.object({
  kind: z.enum(['wait', 'stop']),
  title: z.string(),
  next: z.string().nullable(),
  code: z.string().nullable(),
}) satisfies z.ZodType<Trouble>;
/**
 * `at`: when the statement was made, by the device's clock; statements are sent in this order. `refused`: why the
 * gateway refused it at the last attempt. It is stored with the statement, so that every tab says the same of it.
 */
const saidShape = { at: z.number(), refused: troubleSchema.optional() };
const stepShape = { reviewId: z.uuid(), ...saidShape };
const saidOnceSchema = z.object({ decision: z.enum(DECISIONS), answers: answersSchema, reason: z.string() });
const verdictSchema = z.object({
  step: z.literal('verdict'),
  ...saidShape,
  resultId: z.uuid(),
  revision: z.number().int(),
  request: verifyRequestSchema,
  input: findingSchema.shape.input.pick({ studyInstanceUID: true, kind: true }),
});
const statementSchema = z.discriminatedUnion('step', [
  verdictSchema,
  z.object({ step: z.literal('decide'), ...stepShape, request: decideSchema }),
  // `said`: what was signed, shown to the reader if the signature is refused.
  z.object({ step: z.literal('sign'), ...stepShape, request: signSchema, said: saidOnceSchema.nullable() }),
  z.object({ step: z.literal('annotate'), ...stepShape, request: putAnnotationsSchema }),
]);
export type Statement = z.infer<typeof statementSchema>;
export type Verdict = Extract<Statement, { step: 'verdict' }>;
export type Step = Exclude<Statement, Verdict>;
/** A statement as a page makes it. */
export type Saying<S extends Statement = Statement> = S extends Statement ? Omit<S, 'at' | 'refused'> : never;

/** Null where the row is not a statement. Verdicts stored by earlier versions have neither kind nor time. */
export const readStatement = (row: unknown): Statement | null =>
  statementSchema.safeParse({ step: 'verdict', at: 0, ...(row as object | null) }).data ?? null;

/** The subject as the gateway holds it after a statement. */
export interface Answer {
  readonly result?: Result;
  readonly review?: Review;
  readonly annotations?: ReviewAnnotations;
}

interface Kind {
  readonly row: SentKind;
  readonly method: 'POST' | 'PUT';
  /** The address to send to, below the path of the subject. */
  readonly to: string;
  /** The address that tells what the gateway holds now, in the same form as its answer. */
  readonly from: '' | '/annotations';
  readonly answer: z.ZodType<Answer>;
  /**
   * Whether all tabs send this kind. They share one entry per subject, and each tries it as soon as any tab stores it,
   * so that each can show the outcome.
   */
  readonly isShared: boolean;
}

const step = { row: 'step', method: 'POST', from: '', isShared: false } as const;
const review = reviewSchema.transform((review) => ({ review }));
export const KINDS: Readonly<Record<Statement['step'], Kind>> = {
  verdict: {
    ...step,
    row: 'verdict',
    to: '/verify',
    answer: resultSchema.transform((result) => ({ result })),
    isShared: true,
  },
  decide: { ...step, to: '/decision', answer: review },
  sign: { ...step, to: '/sign', answer: review },
  annotate: {
    ...step,
    method: 'PUT',
    to: '/annotations',
    from: '/annotations',
    answer: reviewAnnotationsSchema.transform((annotations) => ({ annotations })),
  },
};

/** The path of the result or review. Behind a statement that was not taken, nothing about the same subject is sent. */
export const subjectOf = (said: Saying): string =>
  said.step === 'verdict' ? `/results/${said.resultId}` : `/reviews/${said.reviewId}`;

/** The id of a statement. A newer statement of the same kind and id replaces the older one. */
export const idOf = (said: Saying): string => (said.step === 'verdict' ? said.resultId : said.request.id);

/** Unique for each statement, even for one that replaced another of the same id. */
export const keyOf = (said: Statement): string => `${said.step} ${idOf(said)} ${said.at}`;
