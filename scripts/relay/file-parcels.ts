/**
 * Parcels of the command line: put together from the files on disk when their turn comes. The same files give
 * the same parcels, so a command that is run again resumes where the last one was cut. One parcel is prepared
 * while those before it are on their way, and nothing of a parcel is kept after its last byte: memory does not
 * grow with the study.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { ManifestInstance } from '#shared/protocol/manifest.ts';
import { sha256OfBytes } from '#shared/transfer/digest.ts';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import { parcelLimitBytes } from '#shared/transfer/parcel-sizes.ts';
import { packedBytes, packParcel, type PackedInstance } from '#shared/transfer/parcel.ts';
import type { CollectedFile } from '../../client/src/pipeline/ingest/choose/collect-files.ts';
import { keyOf, type InstanceKey, type ParcelToSend } from '../../client/src/pipeline/queue/upload-queue.ts';
import {
  createConcurrencyLimit,
  type ConcurrencyLimit,
} from '../../client/src/pipeline/upload/limit-concurrency.ts';
import type { Coded } from './coding-pool.ts';

export interface FileToSend {
  readonly manifest: ManifestInstance;
  readonly file: CollectedFile;
}

export interface StudyToSend {
  readonly studyInstanceUID: string;
  readonly policy: { readonly name: string; readonly version: number };
  /** In the manifest's order. */
  readonly instances: readonly FileToSend[];
}

export interface FileParcelTools {
  /** The bytes of a file as the policy lets them travel; the same as when they were digested. */
  prepare(file: CollectedFile): Promise<Blob>;
  readonly coding: { pays(): boolean; code(instance: Blob): Promise<Coded> };
}

export interface FileParcel extends ParcelToSend {
  /** Bytes of the parcel's instances, before any coding. */
  readonly instanceBytes: number;
}

/**
 * So many parcels are coded while the gateway is asked what it lacks: from its answer on the link is busy, and
 * the next parcel is coded meanwhile.
 */
const PARCELS_AHEAD = 1;

/** Instances that were coded before anybody asked for them, by their key; each is taken once. */
export type CodedAhead = Map<string, Promise<Coded>>;

/** Codes the first parcels of a study, where that pays; wasted where the gateway already has them. */
export function codeAhead(study: StudyToSend, tools: FileParcelTools): CodedAhead {
  if (!tools.coding.pays()) return new Map();
  return new Map(
    planParcels(study.instances)
      .slice(0, PARCELS_AHEAD)
      .flat()
      .map((instance) => {
        const coded = prepared(instance, tools).then((bytes) => tools.coding.code(bytes));
        void ignoreFailure(coded, 'met by the parcel that takes it');
        return [keyOf(instance.manifest), coded];
      }),
  );
}

/** Throws what reading a file throws, and Error where a file has changed. */
export async function* giveFileParcels(
  study: StudyToSend,
  need: readonly InstanceKey[],
  tools: FileParcelTools,
  ahead: CodedAhead = new Map(),
): AsyncGenerator<FileParcel> {
  const wanted = new Set(need.map(keyOf));
  const packing = { study, tools, limit: createConcurrencyLimit({ width: () => 1 }), ahead };
  const groups = planParcels(study.instances)
    .map((group) => group.filter(({ manifest }) => wanted.has(keyOf(manifest))))
    .filter((group) => group.length > 0);
  let next = groups.length > 0 ? toParcel(packing, groups[0]!) : null;
  for (let at = 1; next !== null; at += 1) {
    const parcel = await next;
    next = at < groups.length ? toParcel(packing, groups[at]!) : null;
    if (next !== null) void ignoreFailure(next, 'met when its turn comes, not before');
    yield parcel;
  }
}

/**
 * Parcels of one series each, as the page plans them. Planned over the whole study, so that a parcel that was
 * begun before comes out the same.
 */
function planParcels(instances: readonly FileToSend[]): FileToSend[][] {
  const groups: FileToSend[][] = [];
  let left = instances.reduce((sum, { manifest }) => sum + manifest.bytes, 0);
  for (const series of Map.groupBy(instances, ({ manifest }) => manifest.seriesInstanceUID).values()) {
    let group: FileToSend[] = [];
    let bytes = 0;
    for (const instance of series) {
      if (group.length > 0 && bytes + instance.manifest.bytes > parcelLimitBytes(groups.length, left)) {
        groups.push(group);
        left -= bytes;
        group = [];
        bytes = 0;
      }
      group.push(instance);
      bytes += instance.manifest.bytes;
    }
    groups.push(group);
    left -= bytes;
  }
  return groups;
}

/** Shared by the parcels of one study. */
interface Packing {
  readonly study: StudyToSend;
  readonly tools: FileParcelTools;
  /** The limit of one parcel at a time: the first must not wait until the others are assembled too. */
  readonly limit: ConcurrencyLimit;
  readonly ahead: CodedAhead;
}

async function toParcel(packing: Packing, group: readonly FileToSend[]): Promise<FileParcel> {
  const { study, tools, limit, ahead } = packing;
  const isCoded = tools.coding.pays();
  let parts = isCoded ? preparedParts(group, tools, true, ahead) : null;
  const bytes = packedBytes(
    parts === null ? group.map(({ manifest }) => manifest) : (await parts).map(toHeader),
  );
  const hash = await nameParcel(study, group, bytes);
  let body: Promise<Blob> | null = null;

  async function pack(): Promise<Blob> {
    const packed = packParcel(hash.slice(32), await (parts ?? preparedParts(group, tools, isCoded, ahead)));
    parts = null;
    if (packed.size !== bytes) throw new Error('a file was changed while it was being sent');
    return packed;
  }

  return {
    id: hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    bytes,
    instanceBytes: group.reduce((sum, { manifest }) => sum + manifest.bytes, 0),
    instances: group.length,
    location: null,
    seal: null,
    async read(offset, length) {
      return limit.run(async () => {
        body ??= pack();
        const piece = new Uint8Array(await (await body).slice(offset, offset + length).arrayBuffer());
        // The last piece was read: nothing of the parcel is kept.
        if (offset + length >= bytes) body = null;
        return piece;
      });
    },
  };
}

function toHeader({ bytes, coding, ...part }: PackedInstance) {
  return {
    ...part,
    bytes: sizeOf(bytes),
    coding: coding && { encoding: coding.encoding, bytes: sizeOf(coding.bytes) },
  };
}

/** The parcel's name and boundary follow from its contents; another coding makes another parcel. */
function nameParcel(
  { policy, studyInstanceUID }: StudyToSend,
  group: readonly FileToSend[],
  bytes: number,
): Promise<string> {
  const named = [
    policy.name,
    policy.version,
    studyInstanceUID,
    bytes,
    ...group.map(({ manifest }) => keyOf(manifest)),
  ].join('\n');
  return sha256OfBytes(new TextEncoder().encode(named));
}

function preparedParts(
  group: readonly FileToSend[],
  tools: FileParcelTools,
  isCoded: boolean,
  ahead: CodedAhead,
): Promise<readonly PackedInstance[]> {
  return Promise.all(
    group.map(async (instance): Promise<PackedInstance> => {
      const { sopInstanceUID, digest, transferSyntaxUID } = instance.manifest;
      const bytes = await prepared(instance, tools);
      const part = { sopInstanceUID, digest, transferSyntaxUID, bytes };
      if (!isCoded) return part;
      const { encoding, bytes: coded } = await (ahead.get(keyOf(part)) ?? tools.coding.code(bytes));
      ahead.delete(keyOf(part));
      return encoding === null ? part : { ...part, coding: { encoding, bytes: coded } };
    }),
  );
}

async function prepared({ manifest, file }: FileToSend, tools: FileParcelTools): Promise<Blob> {
  const bytes = await tools.prepare(file);
  if (bytes.size !== manifest.bytes) throw new Error('a file was changed while it was being sent');
  return bytes;
}
