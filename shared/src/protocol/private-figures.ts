/**
 * `GET /analytics/{operations,models,reviews}?private=true`: counts of studies with noise (protocol/results.md,
 * *Private figures*). Figures that only the answer without noise has are null here.
 */
import { z } from 'zod';
import { askedShape } from './analytics.ts';
import { reviewTypeNameSchema } from './reviews.ts';

/** How much an answer may reveal about one study: it changes the odds by a factor of at most exp(0.1). */
export const PRIVATE_EPSILON = 0.1;
/** The scale of the noise, multiplied by the number of counts that one study can change. */
export const SCALE_A_COUNT = Math.round(1 / PRIVATE_EPSILON);
/**
 * Together these queries reveal as much as an epsilon of 1. All accounts of a role share the budget, because they may
 * talk to each other.
 */
export const PRIVATE_QUERIES_A_MONTH = 10;
/** Each data set has a budget of its own for each role. */
const DATA_SETS = ['operations', 'models', 'reviews'] as const;
export type DataSet = (typeof DATA_SETS)[number];

const nothing = z.null();
/** A count with noise, so it may be negative. */
const studies = z.int();
const privateShape = {
  ...askedShape,
  noise: z.object({
    epsilon: z.literal(PRIVATE_EPSILON),
    /** Half of all counts are off by less than 0.7 of the scale. */
    scale: z.int(),
    /** How many more answers of this data set the caller’s roles may have this month. */
    left: z.int(),
    /** When these figures were counted. The same question in the same month gets the same numbers. */
    toldAt: z.iso.datetime(),
  }),
};
export type Noise = z.infer<typeof privateShape.noise>;

/** A study counts at its first upload in the period. */
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
  /** Studies examined by any version, including versions that are gone. */
  total: z.object({ studies }),
  /** Every version that the gateway has. */
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
  /** Every review type. */
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
/**
 * An answer that was already paid for from the budget. `answer` null: none of the caller’s roles has paid for this
 * question this month.
 */
const toldWith = <S extends z.ZodType>(answer: S) => z.object({ left: z.int(), answer: answer.nullable() });
export const toldOperationsSchema = toldWith(privateOperationsSchema);
export const toldModelsSchema = toldWith(privateModelsSchema);
export const toldReviewsSchema = toldWith(privateReviewsSchema);
export type PrivateOperations = z.infer<typeof privateOperationsSchema>;
export type PrivateModels = z.infer<typeof privateModelsSchema>;
export type PrivateReviews = z.infer<typeof privateReviewsSchema>;
