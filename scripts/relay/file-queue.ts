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
import type { Described } from '#shared/protocol/rule.ts';
import type { VaultEntry } from '#shared/protocol/vault.ts';
import type { CollectedFile } from '../../client/src/pipeline/ingest/choose/collect-files.ts';
import { describeReports } from '#shared/ingest/describe-reports.ts';
import { joinDescribed } from '#shared/ingest/describe-study.ts';
import { joinEntries } from '../../client/src/pipeline/queue/join-vault-entries.ts';
import { keyOf, type UploadQueue } from '../../client/src/pipeline/queue/upload-queue.ts';
import {
  codeAhead,
  giveFileParcels,
  type CodedAhead,
  type FileParcel,
  type FileParcelTools,
} from './file-parcels.ts';
import {
  newSentStudy,
  sentStudiesAsQueue,
  studyIn,
  type ForParcels,
  type SentInstance,
  type SentStudy,
} from './sent-studies.ts';

/** An instance and the first file that holds it. */
export interface FileInstance extends SentInstance {
  readonly manifest: ManifestInstance;
  readonly file: CollectedFile;
  /** The digest of its de-identification report. */
  readonly report: string | null;
  readonly described: Described;
}

export interface FileStudy extends SentStudy<FileInstance> {
  readonly policy: Manifest['policy'];
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
export type NewInstance = Pick<FileInstance, 'manifest' | 'file' | 'report' | 'described'>;

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
      const { manifest, file, report, described } = instance;
      study.instances.set(key, { manifest, file, report, described, state: 'safe', reason: null });
      return true;
    },
    ...queueForParcels(kept),
    ...sentStudiesAsQueue(kept.studies),
    manifestOf: async (id) => manifestOf(kept, id),
  };
}

function queueForParcels(kept: Kept): Pick<UploadQueue, ForParcels> {
  const { tools, planned, acknowledged, given } = kept;
  return {
    async *parcelsFor(id, need) {
      const study = studyIn(kept.studies, id);
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

function keepReport({ reports }: Kept, studyInstanceUID: string, report: WireReport): void {
  const own = reports.get(studyInstanceUID) ?? { kept: new Map(), room: REPORTS_CHARACTERS_LIMIT };
  reports.set(studyInstanceUID, own);
  if (own.kept.has(report.digest)) return;
  const kept = withinRoom(report, own.room);
  own.kept.set(report.digest, kept);
  own.room -= charactersOf(kept.actions);
}

function manifestOf({ tools, studies, ahead, reports, entries }: Kept, id: string): Manifest {
  const study = studyIn(studies, id);
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
    ...joinDescribed(instances.map(({ described }) => described)),
    ...describeReports(named, reports.get(id)?.kept ?? new Map()),
  };
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

function newStudy(studyInstanceUID: string, policy: FileStudy['policy']): FileStudy {
  return { ...newSentStudy(studyInstanceUID), policy };
}
