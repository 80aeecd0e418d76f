/**
 * Figures of what came in, what models found and how it was read: `/analytics/operations`, `/analytics/models` and
 * `/analytics/reviews` (protocol/results.md, *Figures*). Counts, times and codes; no patient, no typed word.
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
/** Completed years. The very old are few: they share a band. */
export const AGE_BANDS = [
  ...(['0-9', '10-19', '20-29', '30-39', '40-49'] as const),
  ...(['50-59', '60-69', '70-79', '80-89', '90+'] as const),
] as const;
export type AgeBand = (typeof AGE_BANDS)[number];
const YEARS_A_BAND = 10;
export const ageBandOf = (years: number): AgeBand =>
  AGE_BANDS[Math.min(AGE_BANDS.length - 1, Math.floor(years / YEARS_A_BAND))]!;

/** No image of the study says it. */
export const UNKNOWN = 'unknown';
/** The studies that count; undefined: any. */
export const cohortSchema = z.object({
  sex: z.enum([...SEXES, UNKNOWN]).optional(),
  ageBand: z.enum([...AGE_BANDS, UNKNOWN]).optional(),
  modality: z.enum(CASE_MODALITIES).optional(),
});
export type Cohort = z.infer<typeof cohortSchema>;

export const ANALYTICS_DAYS_LIMIT = 366;
export const ANALYTICS_DAYS_USUAL = 30;
/** A group of fewer studies is withheld from researchers. */
export const SMALLEST_CELL = 5;
export const CALIBRATION_BINS = 10;
/** Pages draw no calibration of fewer verdicts than these. */
export const CALIBRATION_FLOOR = 50;

/** Days in UTC, both within. */
export const askedShape = { from: z.iso.date(), to: z.iso.date(), cohort: cohortSchema };
const count = z.int();
/** Path and query of the list of exactly what was counted; null: no list can show just that. */
const shows = z.string().nullable();
/** Half of them were faster, and 95 of 100. Null: there are none. */
const spread = z.object({ p50: z.number(), p95: z.number() }).nullable();

const transfersShape = {
  studies: count,
  /** A study that was sent twice came in two uploads. */
  uploads: count,
  instances: count,
  bytes: z.number(),
  /** How often an upload had to wait for the PACS, or be handed to it once more. */
  retries: count,
  /** Milliseconds from the beginning of the upload to its first receipt. */
  toPacsMs: spread,
  shows,
};
const transfersSchema = z.object(transfersShape);
export type Transfers = z.infer<typeof transfersSchema>;
/** `GET /analytics/operations`. Each list: the most studies first, but for days and hours; of accounts and devices the
 *  first GROUPS_LIMIT. */
export const operationsSchema = z.object({
  ...askedShape,
  total: transfersSchema,
  days: z.array(transfersSchema.extend({ day: z.iso.date() })),
  /** Hours of the day, in UTC, from 0. */
  hours: z.array(transfersSchema.extend({ hour: count })),
  accounts: z.array(transfersSchema.extend({ username: z.string() })),
  /** `device` null: sent by somebody who was signed in. */
  devices: z.array(transfersSchema.extend({ device: z.uuid().nullable(), username: z.string() })),
  /** A study of two modalities is in both. `modality` null: of none that has a name. */
  modalities: z.array(transfersSchema.extend({ modality: z.string().nullable() })),
  /** Instances that the PACS did not take, by the code of their reason. */
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
  /** Results that radiologists agreed with, and that they corrected; null: withheld. Of `shows`: `verdict`. */
  agreed: count.nullable(),
  corrected: count.nullable(),
  /** The device's own answer differed; null: withheld. Of `shows`: `differs=1`. */
  disagreements: count.nullable(),
  shows,
};
const judgedSchema = z.object(judgedShape);
export type Judged = z.infer<typeof judgedSchema>;
const binSchema = z.object({
  /** From `bin / 10`, from 0. */
  bin: count,
  /** Null: fewer than SMALLEST_CELL, or the next smallest beside such ones. */
  figures: z.object({ results: count, meanScore: z.number(), confirmed: z.number() }).nullable(),
});
export type CalibrationBin = z.infer<typeof binSchema>;
/** `GET /analytics/models`. */
export const modelFiguresSchema = z.object({
  ...askedShape,
  /** Groups of fewer than SMALLEST_CELL studies are left out. */
  isGuarded: z.boolean(),
  /** The step of the series: months where groups are guarded. */
  by: z.enum(['day', 'month']),
  models: z.array(
    z.object({
      id: z.string(),
      version: z.string(),
      /** Null: there are none, or too few studies. */
      total: judgedSchema.nullable(),
      /** Some groups are missing in the figures. */
      isPartial: z.boolean(),
      series: z.array(z.object({ period: z.string(), figures: judgedSchema.nullable() })),
      /** Bins without a verdict are left out. `confirmed`: the share that radiologists found positive. */
      calibration: z.array(binSchema),
      /** Every image that the model looked at, by any question; null: not known of a cohort, or withheld. */
      use: z
        .object({
          images: count,
          answered: count,
          cached: count,
          failed: count,
          /** To 12 %. */
          durationMs: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
        })
        .nullable(),
    }),
  ),
});
export type ModelFigures = z.infer<typeof modelFiguresSchema>;

/** `GET /analytics/reviews`: also how far readers agree, of all time. */
export const reviewFiguresSchema = agreementSchema.extend({
  ...askedShape,
  turnaround: z.array(
    z.object({
      type: reviewTypeNameSchema,
      title: z.string(),
      /** Settled in the period, and how long each took from its opening. */
      settled: count,
      hours: spread,
      settledShows: shows,
      /** Opened and not settled, now. */
      open: count,
      openShows: shows,
      days: z.array(z.object({ day: z.iso.date(), settled: count })),
    }),
  ),
  /** By name. Others than administrators: the caller alone. */
  workload: z.array(
    z.object({
      username: z.string(),
      /** Now. */
      waiting: count,
      waitingShows: shows,
      /** In the period, with the hours from being assigned. */
      signed: count,
      signedShows: shows,
      hours: spread,
    }),
  ),
});
export type ReviewFigures = z.infer<typeof reviewFiguresSchema>;

/** `GET /evaluation`: a row for each prediction, the oldest first. `remark` says why one has no score or no study. */
export const EVALUATION_COLUMNS = [
  ...(['prediction', 'run', 'model', 'version', 'modelDigest', 'study', 'at'] as const),
  ...(['score', 'threshold', 'label', 'probabilities', 'deviceScore', 'remark'] as const),
  ...(['verdict', 'correctedTo', 'verdictAt', 'sex', 'ageBand', 'modality'] as const),
] as const;
export type EvaluationColumn = (typeof EVALUATION_COLUMNS)[number];
