/**
 * The studies that the command line sends, in memory: the half of the uploader's queue that does not read bytes.
 * Files (file-queue.ts) and a file from a stick (stick-queue.ts) bring the other half.
 */
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import type { InstanceState, StudyState } from '#shared/protocol/study-state.ts';
import { nextUploadState, type UploadEvent, type UploadState } from '#shared/protocol/upload-state.ts';
import {
  keyOf,
  stateOfConflict,
  type InstanceKey,
  type QueuedUpload,
  type UploadQueue,
} from '../../client/src/pipeline/queue/upload-queue.ts';

export interface SentInstance {
  readonly manifest: InstanceKey;
  state: 'safe' | 'sent' | InstanceState;
  reason: string | null;
}

export interface SentStudy<Instance extends SentInstance = SentInstance> {
  readonly studyInstanceUID: string;
  readonly instances: Map<string, Instance>;
  state: UploadState;
  gatewayState: StudyState | null;
  uploadId: string | null;
  revision: number;
  receiptId: string | null;
  /** Why the gateway refused the whole study. */
  problem: AnyProblemCode | null;
}

export function newSentStudy<Instance extends SentInstance>(studyInstanceUID: string): SentStudy<Instance> {
  return {
    studyInstanceUID,
    instances: new Map(),
    state: 'safe',
    gatewayState: null,
    uploadId: null,
    revision: 0,
    receiptId: null,
    problem: null,
  };
}

export function studyIn<Study>(studies: ReadonlyMap<string, Study>, id: string): Study {
  const study = studies.get(id);
  if (!study) throw new Error('a study that is not queued');
  return study;
}

/** The part of the queue that reads the bytes. */
export type ForParcels = 'parcelsFor' | 'parcelCreated' | 'parcelForgotten' | 'parcelProgress' | 'parcelSent';

/** `studies`: by Study Instance UID. */
export function sentStudiesAsQueue(
  studies: ReadonlyMap<string, SentStudy>,
): Omit<UploadQueue, ForParcels | 'manifestOf'> {
  return {
    pending: async () => [...studies.values()].map(toUpload),
    async announced(id, answer) {
      const study = studyIn(studies, id);
      study.uploadId = answer.uploadId;
      study.revision = answer.revision;
      for (const held of answer.have) change(study, held, 'sent', null);
      for (const against of answer.conflict)
        change(study, against, stateOfConflict(against.reason), against.reason);
      return true;
    },
    beginSending: async (id) => move(studyIn(studies, id), 'started'),
    async allSent(id) {
      const study = studyIn(studies, id);
      for (const instance of study.instances.values()) if (instance.state === 'safe') instance.state = 'sent';
      move(study, 'all-sent');
    },
    async parcelsLost(id) {
      move(studyIn(studies, id), 'parcels-lost');
    },
    async report(id, status) {
      const study = studyIn(studies, id);
      study.gatewayState = status.state;
      study.revision = status.revision;
    },
    waiting: async () => undefined,
    troubled: async () => undefined,
    async refused(id, code) {
      const study = studyIn(studies, id);
      study.problem = code;
      move(study, 'refused');
    },
    async settle(id, { receipt }) {
      const study = studyIn(studies, id);
      study.receiptId = receipt.jti;
      study.revision = receipt.revision;
      for (const instance of receipt.instances)
        change(study, instance, instance.state, instance.reason ?? null);
      const isComplete = receipt.instances.every(
        (instance) => instance.state !== 'refused' && instance.state !== 'quarantined',
      );
      move(study, isComplete ? 'receipt-checked' : 'receipt-names-refusals');
    },
  };
}

function toUpload({ studyInstanceUID, state, uploadId, receiptId }: SentStudy): QueuedUpload {
  return { id: studyInstanceUID, state, uploadId, receiptId, trouble: null, turn: 0 };
}

function move(study: SentStudy, event: UploadEvent): boolean {
  const state = nextUploadState(study.state, event);
  if (state !== null) study.state = state;
  return state !== null;
}

function change(
  study: SentStudy,
  key: InstanceKey,
  state: SentInstance['state'],
  reason: string | null,
): void {
  const instance = study.instances.get(keyOf(key));
  if (instance) Object.assign(instance, { state, reason });
}
