/**
 * Figures about uploads, model findings and reviews: `/analytics/operations`, `/analytics/models` and
 * `/analytics/reviews` (protocol/results.md, *Figures*). They hold counts, times and codes, but no patient and no typed
 * text.
 */
import { z } from 'zod';
import type { Role } from './api.ts';
import { CASE_MODALITIES } from './cases.ts';
import { agreementSchema, reviewTypeNameSchema } from './reviews.ts';

export const OPERATIONS_READERS: readonly Role[] = ['auditor', 'admin'];
export const MODELS_READERS: readonly Role[] = ['radiologist', 'researcher', 'admin'];
/** `GET /evaluation`. */
export const EVALUATORS: readonly Role[] = ['researcher', 'admin'];

/** Patient's Sex (0010,0040), PS3.3 C.7.1.1. */
export const SEXES = ['F', 'M', 'O'] as const;
export type Sex = (typeof SEXES)[number];
/** In completed years. People of 90 and over share a band, because there are few of them. */
export const AGE_BANDS = [
  ...(['0-9', '10-19', '20-29', '30-39', '40-49'] as const),
  ...(['50-59', '60-69', '70-79', '80-89', '90+'] as const),
] as const;
export type AgeBand = (typeof AGE_BANDS)[number];
const YEARS_A_BAND = 10;
export const ageBandOf = (years: number): AgeBand =>
  AGE_BANDS[Math.min(AGE_BANDS.length - 1, Math.floor(years / YEARS_A_BAND))]!;

/** The value where no image of the study states one. */
export const UNKNOWN = 'unknown';
/** Limits the figures to some studies; undefined: any value counts. */
export const cohortSchema = z.object({
  sex: z.enum([...SEXES, UNKNOWN]).optional(),
  ageBand: z.enum([...AGE_BANDS, UNKNOWN]).optional(),
  modality: z.enum(CASE_MODALITIES).optional(),
});
export type Cohort = z.infer<typeof cohortSchema>;

export const ANALYTICS_DAYS_LIMIT = 366;
export const ANALYTICS_DAYS_USUAL = 30;
/** Groups of fewer studies than this are withheld from researchers. */
export const SMALLEST_CELL = 5;
export const CALIBRATION_BINS = 10;
/** Pages draw a calibration only from this many verdicts on. */
export const CALIBRATION_FLOOR = 50;

/** Days in UTC, both included. */
export const askedShape = { from: z.iso.date(), to: z.iso.date(), cohort: cohortSchema };
const count = z.int();
/** Path and query of a list that shows exactly what was counted; null: no list can show just that. */
const shows = z.string().nullable();
/** Percentiles: half of the values are at most `p50`, 95 of 100 at most `p95`. Null: there are no values. */
const spread = z.object({ p50: z.number(), p95: z.number() }).nullable();

const transfersShape = {
  studies: count,
  /** A study that was sent twice counts as two uploads. */
  uploads: count,
  instances: count,
  bytes: z.number(),
  /** How often an upload had to wait for the PACS or was handed to it again. */
  retries: count,
  /** Milliseconds from the start of the upload to its first receipt. */
  toPacsMs: spread,
  shows,
};
const transfersSchema = z.object(transfersShape);
export type Transfers = z.infer<typeof transfersSchema>;
/**
 * `GET /analytics/operations`. Days and hours are in order of time; every other list begins with the most studies.
 * Accounts and devices are cut to the first GROUPS_LIMIT.
 */
export const operationsSchema = z.object({
  ...askedShape,
  total: transfersSchema,
  days: z.array(transfersSchema.extend({ day: z.iso.date() })),
  /** Hours of the day in UTC, counted from 0. */
  hours: z.array(transfersSchema.extend({ hour: count })),
  accounts: z.array(transfersSchema.extend({ username: z.string() })),
  /** `device` null: sent by a signed-in person. */
  devices: z.array(transfersSchema.extend({ device: z.uuid().nullable(), username: z.string() })),
  /** A study with two modalities counts in both. `modality` null: the study has no named modality. */
  modalities: z.array(transfersSchema.extend({ modality: z.string().nullable() })),
  /** Instances that the PACS did not accept, by reason code. */
  refusals: z.array(
    z.object({
      state: z.enum(['refused', 'quarantined']),
      reason: z.string().nullable(),
      instances: count,
      studies: count,
    }),
  ),
});
export type Operations = z.infer<typeof operationsSchema>;
export const GROUPS_LIMIT = 50;

const judgedShape = {
  studies: count,
  results: count,
  /** Results that radiologists agreed with or corrected; null: withheld. `shows` lists them with `verdict` added. */
  agreed: count.nullable(),
  corrected: count.nullable(),
  /** Results that differ from the device's own; null: withheld. `shows` lists them with `differs=1` added. */
  disagreements: count.nullable(),
  shows,
};
const judgedSchema = z.object(judgedShape);
export type Judged = z.infer<typeof judgedSchema>;
const binSchema = z.object({
  /** The bin's number, counted from 0. It begins at a score of `bin / 10`. */
  bin: count,
  /** Null: the bin has fewer than SMALLEST_CELL results, or it is withheld so that nobody can work out such a bin. */
  figures: z.object({ results: count, meanScore: z.number(), confirmed: z.number() }).nullable(),
});
export type CalibrationBin = z.infer<typeof binSchema>;
/** `GET /analytics/models`. */
export const modelFiguresSchema = z.object({
  ...askedShape,
  /** Groups of fewer than SMALLEST_CELL studies are left out. */
  isGuarded: z.boolean(),
  /** The step of the series. Guarded figures are by month. */
  by: z.enum(['day', 'month']),
  models: z.array(
    z.object({
      id: z.string(),
      version: z.string(),
      /** Null: there are no results, or of too few studies. */
      total: judgedSchema.nullable(),
      /** The figures leave out some groups. */
      isPartial: z.boolean(),
      series: z.array(z.object({ period: z.string(), figures: judgedSchema.nullable() })),
      /** Bins without a verdict are left out. `confirmed`: the share of results that radiologists found positive. */
      calibration: z.array(binSchema),
      /** Every image that the model was asked about, in whatever way; null: unknown for a cohort, or withheld. */
      use: z
        .object({
          images: count,
          answered: count,
          cached: count,
          failed: count,
          /** Accurate to 12 %. */
          durationMs: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
        })
        .nullable(),
    }),
  ),
});
export type ModelFigures = z.infer<typeof modelFiguresSchema>;

/** `GET /analytics/reviews`. The agreement between readers covers all time. */
export const reviewFiguresSchema = agreementSchema.extend({
  ...askedShape,
  turnaround: z.array(
    z.object({
      type: reviewTypeNameSchema,
      title: z.string(),
      /** Reviews settled in the period, and the hours that each took from its opening. */
      settled: count,
      hours: spread,
      settledShows: shows,
      /** Reviews that are open now. */
      open: count,
      openShows: shows,
      days: z.array(z.object({ day: z.iso.date(), settled: count })),
    }),
  ),
  /** By name. Only administrators see everybody; others see themselves alone. */
  workload: z.array(
    z.object({
      username: z.string(),
      /** Places that wait for this reader now. */
      waiting: count,
      waitingShows: shows,
      /** Places signed in the period, and the hours from assignment to signature. */
      signed: count,
      signedShows: shows,
      hours: spread,
    }),
  ),
});
export type ReviewFigures = z.infer<typeof reviewFiguresSchema>;

/** `GET /evaluation`: one row per prediction, oldest first. `remark` says why a row has no score or no study. */
export const EVALUATION_COLUMNS = [
  ...(['prediction', 'run', 'model', 'version', 'modelDigest', 'study', 'at'] as const),
  ...(['score', 'threshold', 'label', 'probabilities', 'deviceScore', 'remark'] as const),
  ...(['verdict', 'correctedTo', 'verdictAt', 'sex', 'ageBand', 'modality'] as const),
] as const;
export type EvaluationColumn = (typeof EVALUATION_COLUMNS)[number];
