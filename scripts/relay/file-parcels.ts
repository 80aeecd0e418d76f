/**
 * Parcels of the command line: put together from the files on disk when their turn comes. The same files give
 * the same parcels, so a command that is run again goes on where the last one was cut. One is prepared while
 * those before it are on their way, and nothing of a parcel is kept after its last byte: memory does not grow
 * with the study.
 */
import type { ManifestInstance } from '#shared/protocol/manifest.ts';
import { sha256OfBytes } from '#shared/transfer/digest.ts';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import { parcelLimitBytes } from '#shared/transfer/parcel-sizes.ts';
import { packedBytes, packParcel, type PackedInstance } from '#shared/transfer/parcel.ts';
import type { CollectedFile } from '../../client/src/pipeline/ingest/collect-files.ts';
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
  /** Of its instances, before any coding. */
  readonly instanceBytes: number;
}

/**
 * So many parcels are coded while the gateway is asked what it lacks: the wire is busy from the answer on,
 * and the next one is coded meanwhile.
 */
const PARCELS_AHEAD = 1;

/** Instances that were coded before anybody asked for them, by their key; each is taken once. */
export type CodedAhead = Map<string, Promise<Coded>>;

/** Codes the first parcels of a study, where that pays. In vain where the gateway has them. */
export function codeAhead(study: StudyToSend, tools: FileParcelTools): CodedAhead {
  if (!tools.coding.pays()) return new Map();
  return new Map(
    planParcels(study.instances)
      .slice(0, PARCELS_AHEAD)
      .flat()
      .map((instance) => {
        const coded = prepared(instance, tools).then((bytes) => tools.coding.code(bytes));
        // Its failure is met by who takes it.
        coded.catch(() => undefined);
        return [keyOf(instance.manifest), coded];
      }),
  );
}

/** Throws what reading a file throws, and Error where it is not what it was. */
export async function* giveFileParcels(
  study: StudyToSend,
  need: readonly InstanceKey[],
  tools: FileParcelTools,
  ahead: CodedAhead = new Map(),
): AsyncGenerator<FileParcel> {
  const wanted = new Set(need.map(keyOf));
  // One after the other: the first one is not to wait until those that travel beside it are put together too.
  const packing = createConcurrencyLimit({ width: () => 1 });
  const groups = planParcels(study.instances)
    .map((group) => group.filter(({ manifest }) => wanted.has(keyOf(manifest))))
    .filter((group) => group.length > 0);
  let next = groups.length > 0 ? toParcel(study, groups[0]!, tools, packing, ahead) : null;
  for (let at = 1; next !== null; at += 1) {
    const parcel = await next;
    next = at < groups.length ? toParcel(study, groups[at]!, tools, packing, ahead) : null;
    // Its failure is met when its turn comes, not before.
    next?.catch(() => undefined);
    yield parcel;
  }
}

/**
 * Parcels of one series each, as the page plans them. Planned over all of the study, so that what was begun
 * before is met again.
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

async function toParcel(
  study: StudyToSend,
  group: readonly FileToSend[],
  tools: FileParcelTools,
  packing: ConcurrencyLimit,
  ahead: CodedAhead,
): Promise<FileParcel> {
  const isCoded = tools.coding.pays();
  let parts: Promise<readonly PackedInstance[]> | null = isCoded
    ? preparedParts(group, tools, true, ahead)
    : null;
  const headers =
    parts === null
      ? group.map(({ manifest }) => manifest)
      : (await parts).map((part) => ({
          ...part,
          bytes: sizeOf(part.bytes),
          coding: part.coding && { encoding: part.coding.encoding, bytes: sizeOf(part.coding.bytes) },
        }));
  const bytes = packedBytes(headers);
  // Its name and boundary follow from what is in it; another coding makes another parcel.
  const named = [
    study.policy.name,
    study.policy.version,
    study.studyInstanceUID,
    bytes,
    ...group.map(({ manifest }) => keyOf(manifest)),
  ].join('\n');
  const hash = await sha256OfBytes(new TextEncoder().encode(named));
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
      return packing.run(async () => {
        body ??= pack();
        const piece = new Uint8Array(await (await body).slice(offset, offset + length).arrayBuffer());
        // The last piece was read: nothing of the parcel is kept.
        if (offset + length >= bytes) body = null;
        return piece;
      });
    },
  };
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
