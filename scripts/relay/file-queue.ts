/**
 * The command line's queue: the files where they lie. Nothing is copied and nothing is kept over the end of
 * the command; how parcels are put together from the files is file-parcels.ts.
 */
import {
  charactersOf,
  REPORTS_CHARACTERS_LIMIT,
  withinRoom,
  type WireReport,
} from '#shared/protocol/deid-report.ts';
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts';
import type { Manifest, ManifestInstance } from '#shared/protocol/manifest.ts';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import type { InstanceState, StudyState } from '#shared/protocol/study-state.ts';
import { nextUploadState, type UploadEvent, type UploadState } from '#shared/protocol/upload-state.ts';
import type { CollectedFile } from '../../client/src/pipeline/ingest/collect-files.ts';
import { describeReports } from '../../client/src/pipeline/queue/describe-reports.ts';
import {
  keyOf,
  stateOfConflict,
  type InstanceKey,
  type UploadQueue,
} from '../../client/src/pipeline/queue/upload-queue.ts';
import {
  codeAhead,
  giveFileParcels,
  type CodedAhead,
  type FileParcel,
  type FileParcelTools,
} from './file-parcels.ts';

/** One instance and the first file that holds it. */
export interface FileInstance {
  readonly manifest: ManifestInstance;
  readonly file: CollectedFile;
  /** The digest of the report that says what was done to it. */
  readonly report: string | null;
  state: 'safe' | 'sent' | InstanceState;
  reason: string | null;
}

export interface FileStudy {
  readonly studyInstanceUID: string;
  readonly policy: { readonly name: string; readonly version: number };
  readonly instances: Map<string, FileInstance>;
  state: UploadState;
  gatewayState: StudyState | null;
  uploadId: string | null;
  revision: number;
  receiptId: string | null;
  /** Why the gateway refused the whole study. */
  problem: AnyProblemCode | null;
}

export interface FileQueueTools extends FileParcelTools {
  /** Bytes of a study that were acknowledged, for the person who waits. */
  onProgress(): void;
}

export interface FileQueue extends UploadQueue {
  readonly studies: ReadonlyMap<string, FileStudy>;
  /** Bytes of instances that were acknowledged, and that had to be sent, of all studies. */
  sent(): { readonly bytes: number; readonly of: number };
  /**
   * Keeps what was done to an instance that will be added; most instances of a study have the same report,
   * which is held once.
   */
  keepReport(studyInstanceUID: string, report: WireReport): void;
  /** False when the same instance was added before. `report`: the digest of one that was kept. */
  add(
    studyInstanceUID: string,
    policy: FileStudy['policy'],
    manifest: ManifestInstance,
    file: CollectedFile,
    report: string | null,
  ): boolean;
}

export function createFileQueue(tools: FileQueueTools): FileQueue {
  const studies = new Map<string, FileStudy>();
  /**
   * In bytes of instances, whatever coding makes of them: of a study what it has to send, of a parcel what
   * was taken.
   */
  const planned = new Map<string, number>();
  const acknowledged = new Map<string, number>();
  const given = new Map<string, FileParcel>();
  const ahead = new Map<string, CodedAhead>();
  const reports = new Map<string, { readonly kept: Map<string, WireReport>; room: number }>();

  const studyOf = (id: string): FileStudy => {
    const study = studies.get(id);
    if (!study) throw new Error('a study that is not queued');
    return study;
  };
  const move = (study: FileStudy, event: UploadEvent): boolean => {
    const state = nextUploadState(study.state, event);
    if (state !== null) study.state = state;
    return state !== null;
  };

  return {
    studies,
    sent: () => ({ bytes: sum(acknowledged.values()), of: sum(planned.values()) }),
    keepReport(studyInstanceUID, report) {
      const own = reports.get(studyInstanceUID) ?? {
        kept: new Map<string, WireReport>(),
        room: REPORTS_CHARACTERS_LIMIT,
      };
      reports.set(studyInstanceUID, own);
      if (own.kept.has(report.digest)) return;
      const kept = withinRoom(report, own.room);
      own.kept.set(report.digest, kept);
      own.room -= charactersOf(kept.actions);
    },
    add(studyInstanceUID, policy, manifest, file, report) {
      const study = studies.get(studyInstanceUID) ?? newStudy(studyInstanceUID, policy);
      studies.set(studyInstanceUID, study);
      if (study.instances.has(keyOf(manifest))) return false;
      study.instances.set(keyOf(manifest), { manifest, file, report, state: 'safe', reason: null });
      return true;
    },
    async pending() {
      return [...studies.values()].map(({ studyInstanceUID, state, uploadId, receiptId }) => ({
        id: studyInstanceUID,
        state,
        uploadId,
        receiptId,
        trouble: null,
        turn: 0,
      }));
    },
    async manifestOf(id): Promise<Manifest> {
      const { studyInstanceUID, policy, instances } = studyOf(id);
      // It is named in order to be announced: the threads have something to do meanwhile.
      if (!ahead.has(id))
        ahead.set(id, codeAhead({ studyInstanceUID, policy, instances: [...instances.values()] }, tools));
      const named = [...instances.values()].map(({ manifest, report }) => ({
        ...manifest,
        reportDigest: report,
      }));
      return {
        protocolVersion: PROTOCOL_VERSION,
        policy,
        studyInstanceUID,
        ...describeReports(named, reports.get(id)?.kept ?? new Map()),
      };
    },
    async announced(id, answer) {
      const study = studyOf(id);
      study.uploadId = answer.uploadId;
      study.revision = answer.revision;
      for (const held of answer.have) change(study, held, 'sent', null);
      for (const against of answer.conflict)
        change(study, against, stateOfConflict(against.reason), against.reason);
      return true;
    },
    async *parcelsFor(id, need) {
      const study = studyOf(id);
      const wanted = new Set(need.map(keyOf));
      const instances = [...study.instances.values()];
      planned.set(
        id,
        instances.reduce((sum, { manifest }) => sum + (wanted.has(keyOf(manifest)) ? manifest.bytes : 0), 0),
      );
      for await (const parcel of giveFileParcels({ ...study, instances }, need, tools, ahead.get(id))) {
        given.set(parcel.id, parcel);
        yield parcel;
      }
    },
    beginSending: async (id) => move(studyOf(id), 'started'),
    parcelCreated: async () => undefined,
    parcelForgotten: async () => undefined,
    parcelProgress(_id, parcelId, bytes) {
      const parcel = given.get(parcelId);
      if (parcel) acknowledged.set(parcelId, (bytes / parcel.bytes) * parcel.instanceBytes);
      tools.onProgress();
    },
    parcelSent: async () => undefined,
    async allSent(id) {
      const study = studyOf(id);
      for (const instance of study.instances.values()) if (instance.state === 'safe') instance.state = 'sent';
      move(study, 'all-sent');
    },
    parcelsLost: async (id) => void move(studyOf(id), 'parcels-lost'),
    async report(id, status) {
      const study = studyOf(id);
      study.gatewayState = status.state;
      study.revision = status.revision;
    },
    waiting: async () => undefined,
    troubled: async () => undefined,
    async refused(id, code) {
      const study = studyOf(id);
      study.problem = code;
      move(study, 'refused');
    },
    async settle(id, { receipt }) {
      const study = studyOf(id);
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

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

function newStudy(studyInstanceUID: string, policy: FileStudy['policy']): FileStudy {
  return {
    studyInstanceUID,
    policy,
    instances: new Map(),
    state: 'safe',
    gatewayState: null,
    uploadId: null,
    revision: 0,
    receiptId: null,
    problem: null,
  };
}

function change(
  study: FileStudy,
  key: InstanceKey,
  state: FileInstance['state'],
  reason: string | null,
): void {
  const instance = study.instances.get(keyOf(key));
  if (instance) Object.assign(instance, { state, reason });
}
