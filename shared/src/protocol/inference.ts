/**
 * The protocol of models and their findings: requests and answers of `/predict`, `/infer`, `/jobs`,
 * `/models`, `/results`, and what a device's own triage tells the gateway in the manifest. No identifying
 * value has a place here: numbers, codes, UIDs and digests only.
 */
import { z } from 'zod';
import { digestSchema, uidSchema } from './forms.ts';

export const modelRefSchema = z.object({
  id: z.string().max(64),
  version: z.string().max(32),
  digest: digestSchema,
});
export const populationSchema = z.enum(['inside', 'outside', 'unknown']);
const probabilitySchema = z.number().min(0).max(1);

/** Faults of a chest film that can be fixed while the patient is still there. */
export const FILM_FINDINGS = ['rotated', 'inverted', 'blurred', 'lungs-cut-off'] as const;
export type FilmFinding = (typeof FILM_FINDINGS)[number];

/**
 * The device's triage of one instance: it decides the sending order and travels in the manifest. `score` is
 * null outside the model's population.
 */
export const deviceTriageSchema = z.object({
  models: z.array(modelRefSchema).max(4),
  /**
   * For example `onnxruntime-web 1.30.0 wasm`; `none` where it did not run on this device (and the gateway
   * does it).
   */
  runtime: z.string().max(64),
  population: populationSchema,
  score: probabilitySchema.nullable(),
  /** The score reached the card's threshold: the study went first. */
  first: z.boolean(),
  film: z.array(z.enum(FILM_FINDINGS)).max(FILM_FINDINGS.length),
});
export type DeviceTriage = z.infer<typeof deviceTriageSchema>;

/**
 * The gateway's own measurement on the same image, if the device's answer differs by more than the tolerance
 * of the models.
 */
export const disagreementSchema = z.object({
  device: probabilitySchema.nullable(),
  gateway: probabilitySchema.nullable(),
  difference: z.number(),
});

export const imageKindSchema = z.object({ kind: z.string(), probability: probabilitySchema });

/**
 * The model that answered. `insteadOf`: the requested one, which is not available; this is its configured
 * fallback.
 */
export const answeredBySchema = modelRefSchema.extend({
  runtime: z.string(),
  insteadOf: z.object({ id: z.string(), version: z.string() }).optional(),
});

export const EXPLANATION_METHODS = ['image', 'cam', 'integrated-gradients', 'lung-fields'] as const;
export type ExplanationMethod = (typeof EXPLANATION_METHODS)[number];

export const findingSchema = z.object({
  model: answeredBySchema,
  /** SHA-256 of the input: the file that was sent, or the instance in the PACS. */
  input: z.object({
    digest: digestSchema,
    kind: z.enum(['dicom', 'png', 'jpeg']),
    rows: z.number().int(),
    columns: z.number().int(),
    frame: z.number().int(),
    sopInstanceUID: uidSchema.optional(),
    sopClassUID: uidSchema.optional(),
    seriesInstanceUID: uidSchema.optional(),
    studyInstanceUID: uidSchema.optional(),
  }),
  /** The gate: the kind of image. */
  image: imageKindSchema,
  population: populationSchema,
  film: z.array(z.enum(FILM_FINDINGS)),
  /** Classes with calibrated probabilities; null where the gate or the population keeps the model silent. */
  probabilities: z.array(z.object({ name: z.string(), probability: probabilitySchema })).nullable(),
  score: probabilitySchema.nullable(),
  threshold: probabilitySchema.nullable(),
  positive: z.boolean().nullable(),
  /**
   * The lungs' fractions of the whole image; null where it was not segmented. `marked`: the fraction of each lung
   * that the map marks.
   */
  lungs: z
    .object({
      fraction: z.number(),
      right: z.object({ fraction: z.number(), marked: z.number().nullable() }),
      left: z.object({ fraction: z.number(), marked: z.number().nullable() }),
    })
    .nullable(),
  /**
   * Where the map of pneumonia (of both kinds together) peaks: column and row of its 20 × 20 cells, in the
   * order of the models' expected outputs.
   */
  camPeak: z.tuple([z.number().int(), z.number().int()]).nullable(),
  explanations: z.array(z.enum(EXPLANATION_METHODS)),
  /** Sum of the attributions, and the difference of the outputs that it must equal. */
  completeness: z.object({ sum: z.number(), difference: z.number() }).nullable(),
  rationale: z.array(z.string()),
  limits: z.array(z.string()),
  /** Why there are no probabilities, or remarks about the input: codes. */
  warnings: z.array(z.string()),
  intendedUse: z.string(),
});
export type Finding = z.infer<typeof findingSchema>;

/** `POST /predict`: the finding, at once. */
export const predictAnswerSchema = findingSchema.extend({ cached: z.boolean(), ms: z.number() });

export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

export const jobSchema = z.object({
  id: z.uuid(),
  state: z.enum(JOB_STATES),
  model: z.object({ id: z.string(), version: z.string().nullable() }),
  priority: z.number().int(),
  /** Images of it, and how many are done. */
  progress: z.object({ done: z.number().int(), of: z.number().int() }),
  attempt: z.number().int(),
  /** A code of the table of problems, with its text next to it. */
  error: z.object({ code: z.string(), title: z.string() }).nullable(),
  results: z.array(z.uuid()),
  studyInstanceUID: uidSchema.nullable(),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
});
export type Job = z.infer<typeof jobSchema>;

/**
 * `POST /infer` with JSON: a study that is in the PACS (or one instance of it). With multipart: `file`, and
 * the same fields.
 */
export const inferRequestSchema = z.object({
  model: z.string().max(64).default('pneumonia'),
  version: z.string().max(32).optional(),
  studyInstanceUID: uidSchema.optional(),
  sopInstanceUID: uidSchema.optional(),
  /** The frame of a multi-frame instance, counted from 0. */
  frame: z.number().int().min(0).max(100_000).default(0),
  /** −100 to 100; the higher goes first. */
  priority: z.number().int().min(-100).max(100).default(0),
  timeoutSeconds: z.number().int().min(1).max(3600).optional(),
  parameters: z
    .object({
      threshold: probabilitySchema.optional(),
      explain: z.array(z.enum(EXPLANATION_METHODS)).optional(),
      steps: z.number().int().min(8).max(512).optional(),
    })
    .optional(),
  /** Answer from the cache where the same input was seen by the same model. */
  cache: z.boolean().default(true),
});

export const VERIFICATIONS = ['agree', 'correct'] as const;
/** The classes of the model of image kinds; its sixth is `other`. */
export const IMAGE_KINDS = ['CXR', 'Hand', 'BreastMRI', 'HeadCT', 'TrunkCT'] as const;
/** The answers that a radiologist may give instead of a model's. */
export const CORRECTIONS = [
  'normal',
  'pneumonia',
  'bacterial pneumonia',
  'viral pneumonia',
  ...IMAGE_KINDS,
  'other',
  'not-assessable',
] as const;
export type Correction = (typeof CORRECTIONS)[number];
/**
 * `POST /results/{id}/verify`: the radiologist's verdict. A correction gives the right finding and the
 * reason.
 */
export const verifyRequestSchema = z
  .object({
    verdict: z.enum(VERIFICATIONS),
    finding: z.enum(CORRECTIONS).optional(),
    reason: z.string().max(1000).optional(),
  })
  .refine(
    ({ verdict, finding, reason }) =>
      verdict === 'agree' ? finding === undefined : finding !== undefined && (reason ?? '').trim() !== '',
    'a correction needs a finding and a reason; who agrees has no other finding',
  );

export const resultInstanceSchema = z.object({
  kind: z.enum(['SR', 'SEG', 'SC']),
  sopInstanceUID: uidSchema,
  seriesInstanceUID: uidSchema,
  state: z.string(),
  /** The result's revision when the instance was made: a report above 1 holds a radiologist's verdict. */
  revision: z.number().int(),
  /** SHA-256 of its bytes as a receipt names them; null before the gateway has them. */
  digest: digestSchema.nullable(),
  /** The newest receipt that names it. */
  receipt: z.object({ id: z.uuid(), issuedAt: z.string() }).nullable(),
  /** True: the caller may not read it, since it names a radiologist. */
  isWithheld: z.boolean().optional(),
});
export type ResultInstance = z.infer<typeof resultInstanceSchema>;

export const verificationSchema = z.object({
  verdict: z.enum(VERIFICATIONS),
  finding: z.string().nullable(),
  at: z.string(),
  by: z.string(),
  byName: z.string().optional(),
  /** In the radiologist's words; only if a single result is requested. */
  reason: z.string().nullable().optional(),
});
export type Verification = z.infer<typeof verificationSchema>;

export const resultSchema = z.object({
  id: z.uuid(),
  jobId: z.uuid().nullable(),
  createdAt: z.string(),
  requestedBy: z.string().nullable(),
  /**
   * The name of `requestedBy`, for callers that may know it: the account itself, an administrator and an
   * auditor.
   */
  requestedByName: z.string().optional(),
  finding: findingSchema,
  cached: z.boolean(),
  disagreement: disagreementSchema.nullable(),
  /** The result instances in the PACS. */
  instances: z.array(resultInstanceSchema),
  verification: verificationSchema.nullable(),
  /** In a folded list: how many more images of its run have the same answer. */
  alike: z.int().min(1).optional(),
  /**
   * The settled review of its study that stands, if it says whether there is something, or the newest of those that
   * contradict each other; not of a study that the caller reads without it, and only for roles that read all results.
   * No verdict says otherwise.
   */
  review: z
    .object({
      id: z.uuid(),
      /** Null: another settled review says the opposite, and nobody has read the study since. */
      positive: z.boolean().nullable(),
      /** Where readers differed, an adjudicator decided. */
      readers: z.int(),
      isAdjudicated: z.boolean(),
      settledAt: z.string(),
    })
    .nullable()
    .optional(),
  /** Every verdict, the oldest first; only if a single result is requested. */
  history: z.array(verificationSchema).optional(),
  /** Grows with each verification. */
  revision: z.number().int(),
});
export type Result = z.infer<typeof resultSchema>;

/**
 * `GET /results/{id}/preview`: what a list shows of the image, read from the PACS for those who may see the image. It
 * names the patient as the PACS does, so no one keeps it.
 */
/** Header of an image's answer: `true` where the DICOM header does not rule out a name in the picture, else `false`. */
export const MAY_HOLD_NAME_HEADER = 'Relay-May-Hold-Name';

export const resultPreviewSchema = z.object({
  /**
   * A PNG in base64url; null where the image cannot be drawn, or may hold a name that the caller never sees, and where
   * `?only=patient` asks for none.
   */
  thumbnail: z.string().nullable(),
  /** The header does not rule out a name in the picture. */
  mayHoldName: z.boolean(),
  patient: z
    .object({ name: z.string().nullable(), id: z.string().nullable(), isPseudonym: z.boolean() })
    .nullable(),
  /** `YYYY-MM-DD`. */
  studyDate: z.string().nullable(),
  /** Body Part Examined, where it is a Defined Term. */
  bodyPart: z.string().nullable(),
});
export type ResultPreview = z.infer<typeof resultPreviewSchema>;

export const VERSION_STATES = ['available', 'active', 'stopped', 'failed'] as const;
export const modelVersionSchema = modelRefSchema.extend({
  state: z.enum(VERSION_STATES),
  /** Why it failed, as a code. */
  because: z.string().nullable(),
  bytes: z.number().int(),
  addedAt: z.string(),
  activatedAt: z.string().nullable(),
  card: z.record(z.string(), z.unknown()),
});
export const modelSchema = z.object({
  id: z.string(),
  title: z.string(),
  task: z.string(),
  active: z.string().nullable(),
  /** Answers if the requested version is not available. */
  fallback: z.object({ id: z.string(), version: z.string() }).nullable(),
  versions: z.array(modelVersionSchema),
});

/** The outcomes of a model's runs over a period. */
const measuresSchema = z.object({
  /** Images it was asked about: answered, cached and failed ones together. */
  images: z.number().int(),
  answered: z.number().int(),
  cached: z.number().int(),
  /** Why there was no answer, by code. */
  failures: z.record(z.string(), z.number().int()),
  /** Milliseconds until an answer that was not cached, to 12 %; null where there is none. */
  latencyMs: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
  /** Results that radiologists agreed with, and corrected, by the day of the verdict. */
  agreed: z.number().int(),
  corrected: z.number().int(),
  /** Results that differ from the device's. */
  disagreements: z.number().int(),
});
export type ModelMeasures = z.infer<typeof measuresSchema>;

export const METRICS_PERIODS = ['day', 'month', 'year'] as const;
/**
 * `GET /metrics` as JSON: each version of each model, altogether and by period; days are in UTC, both ends
 * are within.
 */
export const modelMetricsSchema = z.object({
  from: z.string(),
  to: z.string(),
  by: z.enum(METRICS_PERIODS),
  models: z.array(
    modelRefSchema.extend({
      state: z.enum(VERSION_STATES),
      total: measuresSchema,
      /** Periods without any are left out. `period`: `2026-11-21`, `2026-11` or `2026`. */
      history: z.array(measuresSchema.extend({ period: z.string() })),
    }),
  ),
});
export type ModelMetrics = z.infer<typeof modelMetricsSchema>;
