/**
 * `GET /analytics/{operations,models,reviews}?private=true`: counts of studies with noise
 * (protocol/results.md, *Private figures*). Where a figure without noise stands in the other answer, there is null.
 */
import { z } from 'zod';
import { askedShape } from './analytics.ts';
import { reviewTypeNameSchema } from './reviews.ts';

/** How much an answer may tell of one study: the odds of it change by exp(0.1) at most. */
export const PRIVATE_EPSILON = 0.1;
/** The scale of the noise, for each count of the answer that one study can change. */
export const SCALE_A_COUNT = Math.round(1 / PRIVATE_EPSILON);
/** Together they tell as much as an epsilon of 1. Of all accounts of a role together, since they may talk. */
export const PRIVATE_QUERIES_A_MONTH = 10;
/** Each has a budget of its own, for each role. */
const DATA_SETS = ['operations', 'models', 'reviews'] as const;
export type DataSet = (typeof DATA_SETS)[number];

const nothing = z.null();
/** With noise: it may be negative. */
const studies = z.int();
const privateShape = {
  ...askedShape,
  noise: z.object({
    epsilon: z.literal(PRIVATE_EPSILON),
    /** Half of all counts are off by less than 0.7 of it. */
    scale: z.int(),
    /** Answers of this data set that are left to the caller’s roles this month. */
    left: z.int(),
    /** When these were counted: the same question again in a month is answered with the same numbers. */
    toldAt: z.iso.datetime(),
  }),
};
export type Noise = z.infer<typeof privateShape.noise>;

/** A study counts where it was sent first in the period. */
export const privateOperationsSchema = z.object({
  ...privateShape,
  total: z.object({
    studies,
    ...{ uploads: nothing, instances: nothing, bytes: nothing, retries: nothing },
    ...{ toPacsMs: nothing, shows: nothing },
  }),
  /** Every day of the period. */
  days: z.array(z.object({ day: z.iso.date(), studies })),
  ...{ hours: nothing, accounts: nothing, devices: nothing, modalities: nothing, refusals: nothing },
});

export const privateModelsSchema = z.object({
  ...privateShape,
  /** Studies of any version, also of those that are gone. */
  total: z.object({ studies }),
  /** Every version that is here. */
  models: z.array(
    z.object({
      ...{ id: z.string(), version: z.string() },
      total: z.object({
        studies,
        ...{ results: nothing, agreed: nothing, corrected: nothing, disagreements: nothing, shows: nothing },
      }),
      ...{ series: nothing, calibration: nothing, use: nothing },
    }),
  ),
});

export const privateReviewsSchema = z.object({
  ...privateShape,
  /** Every type that there is. */
  turnaround: z.array(
    z.object({
      type: reviewTypeNameSchema,
      title: z.string(),
      /** Studies of the cases whose review was settled in the period, and of those whose review is open now. */
      settled: studies,
      open: studies,
      ...{ hours: nothing, days: nothing },
    }),
  ),
  ...{ workload: nothing, types: nothing },
});
/** Told without a payment. `answer` null: none of the caller’s roles has paid for this question this month. */
const toldWith = <S extends z.ZodType>(answer: S) => z.object({ left: z.int(), answer: answer.nullable() });
export const toldOperationsSchema = toldWith(privateOperationsSchema);
export const toldModelsSchema = toldWith(privateModelsSchema);
export const toldReviewsSchema = toldWith(privateReviewsSchema);
export type PrivateOperations = z.infer<typeof privateOperationsSchema>;
export type PrivateModels = z.infer<typeof privateModelsSchema>;
export type PrivateReviews = z.infer<typeof privateReviewsSchema>;
