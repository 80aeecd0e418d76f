/**
 * The tables of models, jobs and results, as types. As in `tables.ts`, they contain only UIDs, digests, codes, numbers
 * and times.
 */
import type { ColumnType, Generated } from 'kysely';
import type { z } from 'zod';
import type { ModelRef } from '#shared/models/model.ts';
import type {
  DeviceTriage,
  disagreementSchema,
  Finding,
  JobState,
  VERIFICATIONS,
  VERSION_STATES,
} from '#shared/protocol/inference.ts';

type Json<T> = ColumnType<T, string, string>;
/** The database computes it. */
type Computed<T> = ColumnType<T, never, never>;

export type ModelVersionTable = {
  site_id: string;
  model_id: string;
  version: string;
  /** SHA-256 of the .onnx file, hexadecimal; the file's name in the data directory. */
  digest: string;
  card: ColumnType<Record<string, unknown>, string, never>;
  bytes: number;
  state: (typeof VERSION_STATES)[number];
  /** Why the version failed: a code. */
  because: string | null;
  added_at: Date;
  /** Null: the version came with the gateway. */
  added_by: string | null;
  activated_at: Date | null;
};

/** The versions that have been active, with the time when each started; `rollback` returns to the previous one. */
type ModelActivationTable = {
  id: Generated<number>;
  site_id: string;
  model_id: string;
  version: string;
  at: Date;
  by_account: string | null;
};

type ModelFallbackTable = {
  site_id: string;
  model_id: string;
  fallback_id: string;
  fallback_version: string;
};

export type JobKind = 'study' | 'instance' | 'file';
/** The parameters of a job; `explain` and `steps` as in `inferRequestSchema`. */
export type JobParameters = {
  readonly threshold?: number | undefined;
  readonly explain?: readonly string[] | undefined;
  readonly steps?: number | undefined;
};

export type InferenceJobTable = {
  id: string;
  site_id: string;
  /** Null: a rule asked for it. */
  account_id: string | null;
  kind: JobKind;
  rule_name: string | null;
  study_instance_uid: string | null;
  sop_instance_uid: string | null;
  /** The frame's number, counted from 0. */
  frame: number;
  model_id: string;
  version_asked: string | null;
  /** The version in use when the job starts; the job ends with the same one. */
  version: string | null;
  parameters: Json<JobParameters>;
  use_cache: boolean;
  priority: number;
  timeout_seconds: number;
  state: JobState;
  done: Generated<number>;
  total: Generated<number>;
  attempt: Generated<number>;
  /** A code of ALL_PROBLEMS. */
  error: string | null;
  /** The key of a file that was sent for the job, until the job has ended. */
  wrapped_key: Uint8Array | null;
  input_bytes: number | null;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
};

export type InferenceResultTable = {
  id: string;
  site_id: string;
  /** SHA-256 of the input's digest, the models (each with its role, file and card), and the parameters. */
  cache_key: string;
  model_id: string;
  version: string;
  model_digest: string;
  input_digest: string;
  study_instance_uid: string | null;
  series_instance_uid: string | null;
  sop_instance_uid: string | null;
  finding: ColumnType<Finding, string, never>;
  /** Every model that contributed to it. */
  models: ColumnType<ModelRef[], string, never>;
  disagreement: Json<z.infer<typeof disagreementSchema>> | null;
  /** The key of an answer that several images of one run share; null: the answer belongs to this image. */
  run_answer: string | null;
  verdict: (typeof VERIFICATIONS)[number] | null;
  verified_finding: string | null;
  verified_at: Date | null;
  verified_by: string | null;
  /** The radiologist's text, sealed with the gateway's key. */
  sealed_reason: Uint8Array | null;
  revision: Generated<number>;
  created_at: Date;
  /** Parts of the finding as columns, for figures. */
  score: Computed<number | null>;
  positive: Computed<boolean | null>;
  /** The image kind, as the model of image kinds classified it. */
  image_kind: Computed<string | null>;
  sop_class_uid: Computed<string | null>;
  differs: Computed<boolean>;
};

/** A map that explains a result, with its dimensions: float32 values, little endian, or bytes (`lungs`: 0 and 1). */
type ResultMapTable = { result_id: string; name: string; dims: number[]; bytes: Uint8Array };

/** The accounts that asked for a result and got it. `asked_id`: the job, or the single request to `/predict`. */
type ResultRequestTable = {
  result_id: string;
  asked_id: string;
  account_id: string | null;
  job_id: string | null;
  cached: boolean;
  at: Date;
};

/** Every verdict on a result, by the revision that it created; the result itself holds the present verdict. */
export type ResultVerdictTable = {
  result_id: string;
  revision: number;
  verdict: (typeof VERIFICATIONS)[number];
  finding: string | null;
  sealed_reason: Uint8Array | null;
  by_account: string;
  at: Date;
};

/** The accounts that were shown the image of a result. Only they may give a verdict. */
type ResultViewTable = { result_id: string; account_id: string; at: Date };

/** A result's instances in the PACS. `revision`: the revision of the result that the instance states. */
export type ResultInstanceTable = {
  result_id: string;
  kind: 'SR' | 'SEG' | 'SC';
  series_instance_uid: string;
  sop_instance_uid: string;
  revision: number;
};

/** The device's own triage of an instance, from the manifest. */
type DeviceTriageTable = { study_id: string; sop_instance_uid: string; triage: Json<DeviceTriage> };

/**
 * How many images were processed on a day, by outcome and by duration (model-use.store.ts). `day`: in UTC, as
 * `2026-11-21`.
 */
type ModelUseTable = {
  site_id: string;
  day: string;
  model_id: string;
  version: string;
  outcome: string;
  bucket: number;
  images: number;
};

export type InferenceTables = {
  model_use: ModelUseTable;
  model_version: ModelVersionTable;
  model_activation: ModelActivationTable;
  model_fallback: ModelFallbackTable;
  inference_job: InferenceJobTable;
  inference_result: InferenceResultTable;
  result_map: ResultMapTable;
  result_request: ResultRequestTable;
  result_view: ResultViewTable;
  result_verdict: ResultVerdictTable;
  result_instance: ResultInstanceTable;
  device_triage: DeviceTriageTable;
};
