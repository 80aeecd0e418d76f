/**
 * What the pipeline is given: its whole surroundings as values, time and identity included. gateway.ts makes
 * them once; a test gives its own. A stage receives the few of them that it uses.
 */
import type { Kysely, Transaction } from 'kysely';
import type { ByteSource } from '#shared/dicom/data-set.ts';
import type { Pseudonyms } from '#shared/deid/pseudonyms.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import type { SharedLocks } from '../database/shared-locks.ts';
import type { Tables } from '../database/tables.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Log } from '../observability/log.ts';
import { recordAudit, type StudyEventName } from '../audit/audit.ts';
import type { Blobs } from '../ports/blobs/blobs.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import type { StudyChanges } from './study-changes.ts';
import type { StudyKeys } from './study-key.ts';

/**
 * The stages in the order of the road; a job's queue has the stage's name. `intake` runs in the request,
 * `expiry` by the clock.
 */
export const STAGES = [
  'intake',
  'verify',
  'assembly',
  'forward',
  'reconcile',
  'receipt',
  'eviction',
] as const;
export type Stage = (typeof STAGES)[number];

/** `inference`: a delivered study is looked at by models, if a rule says so (gateway/src/inference). */
export type PipelineQueue = Exclude<Stage, 'intake'> | 'expiry' | 'inference';
export type StudyJob = { readonly studyId: string };
export type ParcelJob = { readonly parcelId: string };

export type PipelineMetrics = {
  stage(stage: Stage, outcome: string, seconds: number): void;
  /** Instances that reached a state. */
  instances(state: string, count: number): void;
  /** Bytes that passed a stage. */
  bytes(stage: Stage, count: number): void;
};

/**
 * An instance that came coded (Content-Encoding of its part), restored in pieces: all together exactly
 * `bytes`. Throws CodingError where it cannot be, what the source throws, and the signal's reason.
 */
export type Restore = (
  source: ByteSource,
  encoding: string,
  bytes: number,
  signal: AbortSignal,
) => AsyncGenerator<Uint8Array>;

export type PipelineTools = {
  readonly db: Kysely<Tables>;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly pacs: Pacs;
  readonly blobs: Blobs;
  readonly keys: StudyKeys;
  /** What keeps the requests of several gateways apart; null where this one is alone with its database. */
  readonly locks: SharedLocks | null;
  readonly pseudonyms: Pseudonyms;
  /** Restores what came coded. */
  readonly restore: Restore;
  /** Signs a receipt: a compact JWS. */
  readonly signReceipt: (receipt: Receipt) => Promise<string>;
  /** The gateway's public URL, for receipts. */
  readonly issuer: string;
  readonly log: Log;
  readonly metrics: PipelineMetrics;
  readonly changes: StudyChanges;
  readonly now: () => Date;
  readonly newId: () => string;
};

/**
 * The next stage, once the transaction is committed. Jobs of one study never run side by side in one stage.
 */
export async function enqueueStage(
  trx: Transaction<Tables>,
  tools: PipelineTools,
  queue: PipelineQueue,
  subject: StudyJob | ParcelJob,
  startAfterSeconds = 0,
): Promise<void> {
  const key = 'studyId' in subject ? subject.studyId : subject.parcelId;
  await tools.jobs.enqueue(trx, queue, subject, { key, startAfterSeconds });
}

type AuditFields = { readonly [field: string]: string | number | boolean };

/**
 * The audit row of a step of a study, in the transaction of the step. The last statement of it: who appends
 * to the chain holds it until the commit, so taking another lock after it would let two steps wait for each
 * other.
 */
export async function auditStudy(
  trx: Transaction<Tables>,
  tools: PipelineTools,
  study: { readonly id: string; readonly site_id: string; readonly study_instance_uid: string },
  event: StudyEventName,
  fields: AuditFields,
): Promise<void> {
  const { id: studyId, site_id, study_instance_uid: studyInstanceUID } = study;
  await recordAudit(trx, site_id, { event, studyId, studyInstanceUID, ...fields }, tools.now());
}
