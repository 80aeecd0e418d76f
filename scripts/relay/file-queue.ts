/**
 * The command line's queue: the files where they lie. Nothing is copied and nothing is kept over the end of the command; a parcel is put
 * together when it is its turn, from the files on disk, and the policy is applied again. The same files give the same parcels, so a
 * command that is run again goes on where the last one was cut.
 */
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts';
import type { Manifest, ManifestInstance } from '#shared/protocol/manifest.ts';
import type { ProblemCode } from '#shared/protocol/problem.ts';
import type { InstanceState, StudyState } from '#shared/protocol/study-state.ts';
import { nextUploadState, type UploadEvent, type UploadState } from '#shared/protocol/upload-state.ts';
import { packedBytes, packParcel } from '#shared/transfer/parcel.ts';
import { sha256OfBytes } from '#shared/transfer/digest.ts';
import type { CollectedFile } from '../../client/src/pipeline/ingest/collect-files.ts';
import { keyOf, stateOfConflict, type InstanceKey, type ParcelToSend, type UploadQueue } from '../../client/src/pipeline/queue/upload-queue.ts';

/** One instance and the first file that holds it. */
export interface FileInstance {
  readonly manifest: ManifestInstance;
  readonly file: CollectedFile;
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
  problem: ProblemCode | null;
}

export interface FileQueueTools {
  /** The bytes of a file as the policy lets them travel; the same as when they were digested. */
  prepare(file: CollectedFile): Promise<Blob>;
  /** Bytes of a study that were acknowledged, for the person who waits. */
  onProgress(): void;
}

export interface FileQueue extends UploadQueue {
  readonly studies: ReadonlyMap<string, FileStudy>;
  /** Bytes acknowledged and bytes to be sent, of all studies. */
  sent(): { readonly bytes: number; readonly of: number };
  /** False when the same instance was added before. */
  add(studyInstanceUID: string, policy: FileStudy['policy'], manifest: ManifestInstance, file: CollectedFile): boolean;
}

/** As the page packs them. */
const PARCEL_BYTES = 16 * 1024 * 1024;

export function createFileQueue(tools: FileQueueTools): FileQueue {
  const studies = new Map<string, FileStudy>();
  const acknowledged = new Map<string, number>();
  let planned = 0;

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
    sent: () => ({ bytes: [...acknowledged.values()].reduce((sum, bytes) => sum + bytes, 0), of: planned }),
    add(studyInstanceUID, policy, manifest, file) {
      const study = studies.get(studyInstanceUID) ?? newStudy(studyInstanceUID, policy);
      studies.set(studyInstanceUID, study);
      if (study.instances.has(keyOf(manifest))) return false;
      study.instances.set(keyOf(manifest), { manifest, file, state: 'safe', reason: null });
      return true;
    },
    async pending() {
      return [...studies.values()].map(({ studyInstanceUID, state, uploadId, receiptId }) => ({ id: studyInstanceUID, state, uploadId, receiptId, trouble: null, turn: 0 }));
    },
    async manifestOf(id): Promise<Manifest> {
      const { studyInstanceUID, policy, instances } = studyOf(id);
      return { protocolVersion: PROTOCOL_VERSION, policy, studyInstanceUID, instances: [...instances.values()].map((instance) => instance.manifest) };
    },
    async announced(id, answer) {
      const study = studyOf(id);
      study.uploadId = answer.uploadId;
      study.revision = answer.revision;
      for (const held of answer.have) change(study, held, 'sent', null);
      for (const against of answer.conflict) change(study, against, stateOfConflict(against.reason), against.reason);
      return true;
    },
    async *parcelsFor(id, need) {
      const parcels = await planParcels(studyOf(id), need, tools);
      planned += parcels.reduce((sum, parcel) => sum + parcel.bytes, 0);
      yield* parcels;
    },
    beginSending: async (id) => move(studyOf(id), 'started'),
    parcelCreated: async () => undefined,
    parcelForgotten: async () => undefined,
    parcelProgress(_id, parcelId, bytes) {
      acknowledged.set(parcelId, bytes);
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
      for (const instance of receipt.instances) change(study, instance, instance.state, instance.reason ?? null);
      const isComplete = receipt.instances.every((instance) => instance.state !== 'refused' && instance.state !== 'quarantined');
      move(study, isComplete ? 'receipt-checked' : 'receipt-names-refusals');
    },
  };
}

function newStudy(studyInstanceUID: string, policy: FileStudy['policy']): FileStudy {
  return {
    studyInstanceUID, policy, instances: new Map(), state: 'safe', gatewayState: null, uploadId: null, revision: 0, receiptId: null, problem: null,
  };
}

function change(study: FileStudy, key: InstanceKey, state: FileInstance['state'], reason: string | null): void {
  const instance = study.instances.get(keyOf(key));
  if (instance) Object.assign(instance, { state, reason });
}

/** Parcels of one series each, in the manifest's order. */
async function planParcels(study: FileStudy, need: readonly InstanceKey[], tools: FileQueueTools): Promise<ParcelToSend[]> {
  const wanted = new Set(need.map(keyOf));
  const series = Map.groupBy([...study.instances.values()].filter(({ manifest }) => wanted.has(keyOf(manifest))), ({ manifest }) => manifest.seriesInstanceUID);
  const groups: FileInstance[][] = [];
  for (const instances of series.values()) {
    let group: FileInstance[] = [];
    let bytes = 0;
    for (const instance of instances) {
      if (group.length > 0 && bytes + instance.manifest.bytes > PARCEL_BYTES) {
        groups.push(group);
        group = [];
        bytes = 0;
      }
      group.push(instance);
      bytes += instance.manifest.bytes;
    }
    groups.push(group);
  }
  return Promise.all(groups.map((group) => toParcel(study, group, tools)));
}

/** Its name and boundary follow from what is in it. */
async function toParcel(study: FileStudy, group: readonly FileInstance[], tools: FileQueueTools): Promise<ParcelToSend> {
  const named = [study.policy.name, study.policy.version, study.studyInstanceUID, ...group.map(({ manifest }) => keyOf(manifest))].join('\n');
  const hash = await sha256OfBytes(new TextEncoder().encode(named));
  let body: Promise<Blob> | null = null;

  async function pack(): Promise<Blob> {
    const parts = await Promise.all(group.map(async ({ manifest, file }) => {
      const { sopInstanceUID, digest, transferSyntaxUID } = manifest;
      const bytes = await tools.prepare(file);
      if (bytes.size !== manifest.bytes) throw new Error('a file was changed while it was being sent');
      return { sopInstanceUID, digest, transferSyntaxUID, bytes };
    }));
    return packParcel(hash.slice(32), parts);
  }

  return {
    id: hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    bytes: packedBytes(group.map(({ manifest }) => manifest)),
    instances: group.length,
    location: null,
    seal: null,
    async read(offset, length) {
      body ??= pack();
      const parcel = await body;
      const piece = new Uint8Array(await parcel.slice(offset, offset + length).arrayBuffer());
      // The last piece was read: nothing of the parcel is kept.
      if (offset + length >= parcel.size) body = null;
      return piece;
    },
  };
}
