/**
 * The command line's queue: the files where they are. Nothing is copied, and nothing outlives the command;
 * file-parcels.ts puts parcels together from the files.
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
import type { VaultEntry } from '#shared/protocol/vault.ts';
import type { CollectedFile } from '../../client/src/pipeline/ingest/collect-files.ts';
import { describeReports } from '../../client/src/pipeline/queue/describe-reports.ts';
import { joinEntries } from '../../client/src/pipeline/queue/join-vault-entries.ts';
import {
  keyOf,
  stateOfConflict,
  type InstanceKey,
  type QueuedUpload,
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
  /** The digest of its de-identification report. */
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
  /** More bytes were acknowledged. */
  onProgress(): void;
}

export interface FileQueue extends UploadQueue {
  readonly studies: ReadonlyMap<string, FileStudy>;
  /** Bytes of instances that were acknowledged, and that had to be sent, of all studies. */
  sent(): { readonly bytes: number; readonly of: number };
  /**
   * Keeps the report of an instance that will be added; most instances of a study share one, which is held
   * once.
   */
  keepReport(studyInstanceUID: string, report: WireReport): void;
  /** Keeps the sealed identity of a patient, for the vault; the first of each pseudonym. */
  keepEntry(studyInstanceUID: string, entry: VaultEntry): void;
  /** False when the same instance was added before. */
  add(study: Pick<FileStudy, 'studyInstanceUID' | 'policy'>, instance: NewInstance): boolean;
}

/** `report`: the digest of a report that was kept. */
export type NewInstance = Pick<FileInstance, 'manifest' | 'file' | 'report'>;

interface Kept {
  readonly tools: FileQueueTools;
  readonly studies: Map<string, FileStudy>;
  readonly reports: Map<string, { readonly kept: Map<string, WireReport>; room: number }>;
  readonly entries: Map<string, readonly VaultEntry[]>;
  /** Bytes of instances that each study has to send, before any coding. */
  readonly planned: Map<string, number>;
  /** Bytes of instances that were taken of each parcel, before any coding. */
  readonly acknowledged: Map<string, number>;
  readonly given: Map<string, FileParcel>;
  readonly ahead: Map<string, CodedAhead>;
}

export function createFileQueue(tools: FileQueueTools): FileQueue {
  const kept: Kept = {
    tools,
    studies: new Map(),
    reports: new Map(),
    entries: new Map(),
    planned: new Map(),
    acknowledged: new Map(),
    given: new Map(),
    ahead: new Map(),
  };
  return {
    studies: kept.studies,
    sent: () => ({ bytes: sum(kept.acknowledged.values()), of: sum(kept.planned.values()) }),
    keepReport: (studyInstanceUID, report) => keepReport(kept, studyInstanceUID, report),
    keepEntry(studyInstanceUID, entry) {
      kept.entries.set(studyInstanceUID, joinEntries(kept.entries.get(studyInstanceUID) ?? [], [entry]));
    },
    add({ studyInstanceUID, policy }, instance) {
      const study = kept.studies.get(studyInstanceUID) ?? newStudy(studyInstanceUID, policy);
      kept.studies.set(studyInstanceUID, study);
      const key = keyOf(instance.manifest);
      if (study.instances.has(key)) return false;
      const { manifest, file, report } = instance;
      study.instances.set(key, { manifest, file, report, state: 'safe', reason: null });
      return true;
    },
    ...queueForParcels(kept),
    ...queueForStudies(kept),
  };
}

type ForParcels = 'parcelsFor' | 'parcelCreated' | 'parcelForgotten' | 'parcelProgress' | 'parcelSent';

function queueForParcels(kept: Kept): Pick<UploadQueue, ForParcels> {
  const { tools, planned, acknowledged, given } = kept;
  return {
    async *parcelsFor(id, need) {
      const study = studyOf(kept, id);
      const wanted = new Set(need.map(keyOf));
      const instances = [...study.instances.values()];
      const needed = instances.filter(({ manifest }) => wanted.has(keyOf(manifest)));
      planned.set(id, sum(needed.map(({ manifest }) => manifest.bytes)));
      for await (const parcel of giveFileParcels({ ...study, instances }, need, tools, kept.ahead.get(id))) {
        given.set(parcel.id, parcel);
        yield parcel;
      }
    },
    parcelCreated: async () => undefined,
    parcelForgotten: async () => undefined,
    parcelProgress(_id, parcelId, bytes) {
      const parcel = given.get(parcelId);
      if (parcel) acknowledged.set(parcelId, (bytes / parcel.bytes) * parcel.instanceBytes);
      tools.onProgress();
    },
    parcelSent: async () => undefined,
  };
}

function queueForStudies(kept: Kept): Omit<UploadQueue, ForParcels> {
  return {
    pending: async () => [...kept.studies.values()].map(toUpload),
    manifestOf: async (id) => manifestOf(kept, id),
    async announced(id, answer) {
      const study = studyOf(kept, id);
      study.uploadId = answer.uploadId;
      study.revision = answer.revision;
      for (const held of answer.have) change(study, held, 'sent', null);
      for (const against of answer.conflict)
        change(study, against, stateOfConflict(against.reason), against.reason);
      return true;
    },
    beginSending: async (id) => move(studyOf(kept, id), 'started'),
    async allSent(id) {
      const study = studyOf(kept, id);
      for (const instance of study.instances.values()) if (instance.state === 'safe') instance.state = 'sent';
      move(study, 'all-sent');
    },
    async parcelsLost(id) {
      move(studyOf(kept, id), 'parcels-lost');
    },
    async report(id, status) {
      const study = studyOf(kept, id);
      study.gatewayState = status.state;
      study.revision = status.revision;
    },
    waiting: async () => undefined,
    troubled: async () => undefined,
    async refused(id, code) {
      const study = studyOf(kept, id);
      study.problem = code;
      move(study, 'refused');
    },
    async settle(id, { receipt }) {
      const study = studyOf(kept, id);
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

function keepReport({ reports }: Kept, studyInstanceUID: string, report: WireReport): void {
  const own = reports.get(studyInstanceUID) ?? { kept: new Map(), room: REPORTS_CHARACTERS_LIMIT };
  reports.set(studyInstanceUID, own);
  if (own.kept.has(report.digest)) return;
  const kept = withinRoom(report, own.room);
  own.kept.set(report.digest, kept);
  own.room -= charactersOf(kept.actions);
}

function manifestOf({ tools, studies, ahead, reports, entries }: Kept, id: string): Manifest {
  const study = studyOf({ studies }, id);
  const { studyInstanceUID, policy } = study;
  const instances = [...study.instances.values()];
  // A manifest is made to be announced: the threads have something to do meanwhile.
  if (!ahead.has(id)) ahead.set(id, codeAhead({ studyInstanceUID, policy, instances }, tools));
  const named = instances.map(({ manifest, report }) => ({ ...manifest, reportDigest: report }));
  return {
    protocolVersion: PROTOCOL_VERSION,
    policy,
    studyInstanceUID,
    ...(entries.has(id) && { vault: [...entries.get(id)!] }),
    ...describeReports(named, reports.get(id)?.kept ?? new Map()),
  };
}

function studyOf({ studies }: Pick<Kept, 'studies'>, id: string): FileStudy {
  const study = studies.get(id);
  if (!study) throw new Error('a study that is not queued');
  return study;
}

function toUpload({ studyInstanceUID, state, uploadId, receiptId }: FileStudy): QueuedUpload {
  return { id: studyInstanceUID, state, uploadId, receiptId, trouble: null, turn: 0 };
}

function move(study: FileStudy, event: UploadEvent): boolean {
  const state = nextUploadState(study.state, event);
  if (state !== null) study.state = state;
  return state !== null;
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
