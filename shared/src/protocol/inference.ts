/**
 * The protocol of models and their findings: requests and answers of `/predict`, `/infer`, `/jobs`, `/models` and
 * `/results`, and the device's own triage in the manifest. No schema here has room for an identifying value: there are
 * only numbers, codes, digests and UIDs.
 */
import { z } from 'zod';
import { digestSchema, uidSchema } from './forms.ts';

const modelRefSchema = z.object({
  id: z.string().max(64),
  version: z.string().max(32),
  digest: digestSchema,
});
const populationSchema = z.enum(['inside', 'outside', 'unknown']);
const probabilitySchema = z.number().min(0).max(1);

/** Faults of a chest film that can be fixed while the patient is still there. */
export const FILM_FINDINGS = ['rotated', 'inverted', 'blurred', 'lungs-cut-off'] as const;
export type FilmFinding = (typeof FILM_FINDINGS)[number];

/**
 * The device's triage of one instance. It decides the sending order and is part of the manifest. `score` is null
 * outside the model's population.
 */
export const deviceTriageSchema = z.object({
  models: z.array(modelRefSchema).max(4),
  /**
   * For example `onnxruntime-web 1.30.0 wasm`; `none` if the model did not run on this device, so the gateway runs it.
   */
  runtime: z.string().max(64),
  population: populationSchema,
  score: probabilitySchema.nullable(),
  /** The score reached the card's threshold, so the study was sent first. */
  first: z.boolean(),
  film: z.array(z.enum(FILM_FINDINGS)).max(FILM_FINDINGS.length),
});
export type DeviceTriage = z.infer<typeof deviceTriageSchema>;

/**
 * The gateway's own score for the same image, if it differs from the device's by more than the tolerance of the models.
 */
export const disagreementSchema = z.object({
  device: probabilitySchema.nullable(),
  gateway: probabilitySchema.nullable(),
  difference: z.number(),
});

const imageKindSchema = z.object({ kind: z.string(), probability: probabilitySchema });

/**
 * The model that answered. `insteadOf`: the requested model, which is not available; the answer comes from its
 * configured fallback.
 */
const answeredBySchema = modelRefSchema.extend({
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
  /** The kind of image, which decides whether the model answers (the gate). */
  image: imageKindSchema,
  population: populationSchema,
  film: z.array(z.enum(FILM_FINDINGS)),
  /**
   * Classes with calibrated probabilities; null where the gate or the population check keeps the model from answering.
   */
  probabilities: z.array(z.object({ name: z.string(), probability: probabilitySchema })).nullable(),
  score: probabilitySchema.nullable(),
  threshold: probabilitySchema.nullable(),
  positive: z.boolean().nullable(),
  /**
   * How much of the whole image each lung covers; null: the image was not segmented. `marked`: how much of each lung
   * the map marks.
   */
  lungs: z
    .object({
      fraction: z.number(),
      right: z.object({ fraction: z.number(), marked: z.number().nullable() }),
      left: z.object({ fraction: z.number(), marked: z.number().nullable() }),
    })
    .nullable(),
  /**
   * Where the map of pneumonia (both kinds together) peaks: column and row of one of its 20 × 20 cells, in the order of
   * the models' expected outputs.
   */
  camPeak: z.tuple([z.number().int(), z.number().int()]).nullable(),
  explanations: z.array(z.enum(EXPLANATION_METHODS)),
  /** Sum of the attributions, and the difference of outputs that it should equal. */
  completeness: z.object({ sum: z.number(), difference: z.number() }).nullable(),
  rationale: z.array(z.string()),
  limits: z.array(z.string()),
  /** Codes that say why there are no probabilities, or remark on the input. */
  warnings: z.array(z.string()),
  intendedUse: z.string(),
});
export type Finding = z.infer<typeof findingSchema>;

/** `POST /predict`: the answer is the finding itself. */
export const predictAnswerSchema = findingSchema.extend({ cached: z.boolean(), ms: z.number() });

export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

export const jobSchema = z.object({
  id: z.uuid(),
  state: z.enum(JOB_STATES),
  model: z.object({ id: z.string(), version: z.string().nullable() }),
  priority: z.number().int(),
  /** How many of the job's images are done. */
  progress: z.object({ done: z.number().int(), of: z.number().int() }),
  attempt: z.number().int(),
  /** A problem code and its text. */
  error: z.object({ code: z.string(), title: z.string() }).nullable(),
  results: z.array(z.uuid()),
  studyInstanceUID: uidSchema.nullable(),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
});
export type Job = z.infer<typeof jobSchema>;

/** `POST /infer`. As JSON: a study in the PACS, or one instance of it. As multipart: `file` and the same fields. */
export const inferRequestSchema = z.object({
  model: z.string().max(64).default('pneumonia'),
  version: z.string().max(32).optional(),
  studyInstanceUID: uidSchema.optional(),
  sopInstanceUID: uidSchema.optional(),
  /** The frame of a multi-frame instance, counted from 0. */
  frame: z.number().int().min(0).max(100_000).default(0),
  /** From −100 to 100; higher numbers go first. */
  priority: z.number().int().min(-100).max(100).default(0),
  timeoutSeconds: z.number().int().min(1).max(3600).optional(),
  parameters: z
    .object({
      threshold: probabilitySchema.optional(),
      explain: z.array(z.enum(EXPLANATION_METHODS)).optional(),
      steps: z.number().int().min(8).max(512).optional(),
    })
    .optional(),
  /** Answer from the cache if the same model has already seen this input. */
  cache: z.boolean().default(true),
});

export const VERIFICATIONS = ['agree', 'correct'] as const;
/** The classes of the model of image kinds. Its sixth class is `other`. */
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
/** `POST /results/{id}/verify`: the radiologist's verdict. A correction comes with the right finding and the reason. */
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
  /**
   * The result's revision when the instance was made. A report with a revision above 1 holds a radiologist's verdict.
   */
  revision: z.number().int(),
  /** SHA-256 of the instance's bytes, as in a receipt; null: the gateway does not have them yet. */
  digest: digestSchema.nullable(),
  /** The newest receipt that names the instance. */
  receipt: z.object({ id: z.uuid(), issuedAt: z.string() }).nullable(),
  /** True: the caller may not read the instance, because it names a radiologist. */
  isWithheld: z.boolean().optional(),
});
export type ResultInstance = z.infer<typeof resultInstanceSchema>;

const verificationSchema = z.object({
  verdict: z.enum(VERIFICATIONS),
  finding: z.string().nullable(),
  at: z.string(),
  by: z.string(),
  byName: z.string().optional(),
  /** The radiologist's reason; only if a single result is requested. */
  reason: z.string().nullable().optional(),
});
export type Verification = z.infer<typeof verificationSchema>;

export const resultSchema = z.object({
  id: z.uuid(),
  jobId: z.uuid().nullable(),
  createdAt: z.string(),
  requestedBy: z.string().nullable(),
  /** The name of `requestedBy`, for callers that may know it: the account itself, administrators and auditors. */
  requestedByName: z.string().optional(),
  finding: findingSchema,
  cached: z.boolean(),
  disagreement: disagreementSchema.nullable(),
  /** The result instances in the PACS. */
  instances: z.array(resultInstanceSchema),
  verification: verificationSchema.nullable(),
  /** In a folded list: how many more images of the same run have the same answer. */
  alike: z.int().min(1).optional(),
  /**
   * The settled review of the study that stands, if it says whether there is something; of reviews that contradict each
   * other, the newest. Absent while the caller must read the study without knowing it. No verdict contradicts this
   * review.
   */
  review: z
    .object({
      id: z.uuid(),
      /** Null: another settled review says the opposite, and nobody has read the study again since. */
      positive: z.boolean().nullable(),
      /** The number of readers. `isAdjudicated`: they differed, and an adjudicator decided. */
      readers: z.int(),
      isAdjudicated: z.boolean(),
      settledAt: z.string(),
    })
    .nullable()
    .optional(),
  /** Every verdict, oldest first; only if a single result is requested. */
  history: z.array(verificationSchema).optional(),
  /** Grows with each verification. */
  revision: z.number().int(),
});
export type Result = z.infer<typeof resultSchema>;

/**
 * `GET /results/{id}/preview`: what a list shows of the image, read from the PACS for callers who may see it. It names
 * the patient as the PACS does, so nothing stores it.
 */
/** HTTP header of an answer with an image: `false` if the DICOM header rules out a name in the picture, else `true`. */
export const MAY_HOLD_NAME_HEADER = 'Relay-May-Hold-Name';

export const resultPreviewSchema = z.object({
  /**
   * A PNG in base64url; null: the image cannot be drawn, it may hold a name that the caller must not see, or the
   * request had `?only=patient`.
   */
  thumbnail: z.string().nullable(),
  /** False if the DICOM header rules out a name in the picture. */
  mayHoldName: z.boolean(),
  patient: z
    .object({ name: z.string().nullable(), id: z.string().nullable(), isPseudonym: z.boolean() })
    .nullable(),
  /** `YYYY-MM-DD`. */
  studyDate: z.string().nullable(),
  /** Body Part Examined, if it is a Defined Term. */
  bodyPart: z.string().nullable(),
});
export type ResultPreview = z.infer<typeof resultPreviewSchema>;

export const VERSION_STATES = ['available', 'active', 'stopped', 'failed'] as const;
const modelVersionSchema = modelRefSchema.extend({
  state: z.enum(VERSION_STATES),
  /** Why the version failed, as a code. */
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
  /** The model that answers if the requested version is not available. */
  fallback: z.object({ id: z.string(), version: z.string() }).nullable(),
  versions: z.array(modelVersionSchema),
});

/** The outcomes of a model's runs in a period. */
const measuresSchema = z.object({
  /** Images that the model was asked about: answered, cached and failed ones together. */
  images: z.number().int(),
  answered: z.number().int(),
  cached: z.number().int(),
  /** Failures by code. */
  failures: z.record(z.string(), z.number().int()),
  /** Milliseconds until an answer that was not cached, accurate to 12 %; null: there is none. */
  latencyMs: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
  /** Results that radiologists agreed with or corrected, by the day of the verdict. */
  agreed: z.number().int(),
  corrected: z.number().int(),
  /** Results that differ from those of the device. */
  disagreements: z.number().int(),
});
export type ModelMeasures = z.infer<typeof measuresSchema>;

export const METRICS_PERIODS = ['day', 'month', 'year'] as const;
/** `GET /metrics` as JSON: each version of each model, in total and by period. Days are in UTC, both included. */
export const modelMetricsSchema = z.object({
  from: z.string(),
  to: z.string(),
  by: z.enum(METRICS_PERIODS),
  models: z.array(
    modelRefSchema.extend({
      state: z.enum(VERSION_STATES),
      total: measuresSchema,
      /** Periods without runs are left out. `period`: `2026-11-21`, `2026-11` or `2026`. */
      history: z.array(measuresSchema.extend({ period: z.string() })),
    }),
  ),
});
export type ModelMetrics = z.infer<typeof modelMetricsSchema>;
