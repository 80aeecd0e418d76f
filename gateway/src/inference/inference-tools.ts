/** The tools of inference: its dependencies as values. The gateway opens them once, and a test passes its own. */
import { join } from 'node:path';
import type { NamedKey, PolicyKey } from '#shared/transfer/policy-key.ts';
import type { Db } from '../database/database.ts';
import type { MessageChannel } from '../database/message-channel.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Keys } from '../keys.ts';
import type { ModelFiles } from '../models/model-files.ts';
import type { Log } from '../observability/log.ts';
import { createStudyChanges, type StudyChanges } from '../pipeline/plan/announce-changes.ts';
import type { Blobs } from '../ports/blobs/blobs.ts';
import type { Engine } from '../ports/engine/engine.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { deliverResult, type ResultSender } from '../results/deliver-result.ts';
import type { ResultRow } from '../results/result.store.ts';
import { createExaminer, type Examiner } from '../images/examine-thread.ts';
import { createInputStore, type InputStore } from './input-store.ts';

type InferenceMetrics = {
  /**
   * Counts one image, or a file that was meant to be one. `outcome`: `answered`, `cached`, or the code of a problem.
   */
  inference(model: string, outcome: string, seconds: number): void;
  /** Counts an image on which the device and the gateway found different things. */
  disagreement(model: string): void;
};

export type InferencePatience = {
  /**
   * The time to examine an image and answer, unless the caller sets another. It starts once the whole image and the
   * engine are available.
   */
  readonly answerMs: number;
  /** The pauses before a job's second and third attempts. */
  readonly backOffSeconds: readonly number[];
};
export const INFERENCE_PATIENCE: InferencePatience = { answerMs: 5_000, backOffSeconds: [1, 4] };

export type InferenceTools = {
  readonly db: Db;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly engine: Engine;
  /** The path of a model's file. */
  readonly pathOf: (digest: string) => string;
  readonly examiner: Examiner;
  readonly inputs: InputStore;
  readonly pacs: Pick<Pacs, 'describeStudy' | 'fetchInstance'>;
  /**
   * Sends the result's instances to the PACS, into the study of their source. Does nothing if they are already on
   * their way. Throws PacsUnreachable.
   */
  readonly deliver: (
    result: ResultRow,
    source: (signal: AbortSignal) => Promise<Uint8Array>,
    signal: AbortSignal,
  ) => Promise<void>;
  /** Opens the cases that rules ask for, once models may have examined the study. Throws PacsUnreachable. */
  readonly openCases: (
    of: { readonly siteId: string; readonly studyInstanceUID: string },
    signal: AbortSignal,
  ) => Promise<void>;
  readonly inferencePatience: InferencePatience;
  readonly log: Log;
  readonly metrics: InferenceMetrics;
  /** Announces on every gateway that a job changed. */
  readonly changes: StudyChanges;
  readonly policyKey: (of: NamedKey) => Promise<PolicyKey>;
  readonly now: () => Date;
  readonly newId: () => string;
};

type Base = Pick<
  InferenceTools,
  | 'db'
  | 'jobs'
  | 'engine'
  | 'pacs'
  | 'openCases'
  | 'inferencePatience'
  | 'log'
  | 'metrics'
  | 'policyKey'
  | 'now'
  | 'newId'
>;

type InferenceParts = Base & {
  readonly files: Pick<ModelFiles, 'pathOf'>;
  readonly road: ResultSender;
  /** Stores only the images of waiting jobs. */
  readonly inputBlobs: Blobs;
  readonly keys: Pick<Keys, 'wrapKey'>;
  readonly dataDir: string;
  /** The channel to the other gateways; null if this gateway runs alone. */
  readonly channel: (name: string) => Promise<MessageChannel | null>;
};

export async function openInferenceTools(parts: InferenceParts): Promise<InferenceTools> {
  const { files, inputBlobs, keys, dataDir, channel } = parts;
  return {
    ...parts,
    pathOf: files.pathOf,
    examiner: createExaminer(),
    inputs: createInputStore(inputBlobs, keys.wrapKey, join(dataDir, 'keys')),
    deliver: (result, source, signal) => deliverResult(result, source, parts, signal),
    changes: createStudyChanges(await channel('relaypacs_inference')),
  };
}
