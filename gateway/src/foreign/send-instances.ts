/**
 * The opened instances of a file on the road of every upload: promised by a manifest, brought in parcels, told to
 * verify. A batch is promised before the one before it is brought, so that a study does not look whole, and is not
 * handed on, while more of it is still being opened. Run again after a crash it ends the same: what is here is
 * answered by `have`, and a parcel that comes twice is dropped by verify. A file that is wanted as a whole becomes
 * the parcel itself.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { describeReports } from '#shared/ingest/describe-reports.ts';
import { joinDescribed } from '#shared/ingest/describe-study.ts';
import { charactersOf, REPORTS_CHARACTERS_LIMIT, type WireReport } from '#shared/protocol/deid-report.ts';
import { PROTOCOL_VERSION, VAULT_ENTRIES_LIMIT } from '#shared/protocol/limits.ts';
import type { Manifest, ManifestAnswer } from '#shared/protocol/manifest.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import type { VaultEntry } from '#shared/protocol/vault.ts';
import type { FileEntry } from '../pipeline/sent-file.store.ts';
import type { ByteRange } from '#shared/dicom/data-set.ts';
import { bringParcel, type BringTools, type BroughtPlace } from '../uploads/bring-parcel.ts';
import { checkRoom } from '../ports/blobs/blobs.ts';
import { giveBack } from '#shared/give-back.ts';
import type { OpenedInstance, PlacedInstance } from './open-talk.ts';

/**
 * Three batches are in memory at once: one is promised, the one before it is brought, and more of the file is opened
 * meanwhile. Smaller ones cost some 45 queries for every few instances; of twice the size, a study of 2000 CT slices
 * takes a quarter less of PostgreSQL and 50 MB more memory (measured).
 */
const BATCH_BYTES = 8 * 1024 * 1024;
const BATCH_INSTANCES = 512;

export type SendTools = BringTools & {
  readonly policy: Manifest['policy'];
  readonly openUpload: (manifest: Manifest) => Promise<ManifestAnswer>;
  /** These promises of the upload will not be kept. */
  readonly takeBack: (uploadId: string, keys: readonly InstanceKey[]) => Promise<void>;
  readonly read: (place: ByteRange) => Promise<Uint8Array<ArrayBuffer>>;
  /** Of the file. */
  readonly entries: number;
  /** The whole file becomes a parcel of the upload. False: it cannot. */
  readonly adopt: (uploadId: string, places: readonly BroughtPlace[]) => Promise<boolean>;
};
type Taken = OpenedInstance | PlacedInstance;
type InstanceKey = { readonly sopInstanceUID: string; readonly digest: string };

/** Promised, and to be brought: those of one study. */
type Awaited = { readonly uploadId: string; readonly instances: readonly Taken[] };

export type Sending = {
  readonly take: (taken: Taken) => Promise<void>;
  /** Brings the rest. */
  readonly end: () => Promise<void>;
  /** Takes back the promises of what was not brought: it ends here, and nobody waits for it. */
  readonly giveUp: () => Promise<void>;
  /** The outcome of each instance so far, in no order. */
  readonly entries: () => readonly FileEntry[];
};

export function createSending(tools: SendTools): Sending {
  const entries: FileEntry[] = [];
  let batch: Taken[] = [];
  let bytes = 0;
  /** In the order in which they were promised. */
  const awaited: Awaited[] = [];
  /** The step that runs, if one does. */
  let moving: Promise<void> = Promise.resolve();
  const step = async (opened: readonly Taken[]): Promise<void> => {
    const before = awaited.length;
    for (const instances of Map.groupBy(opened, ({ studyInstanceUID }) => studyInstanceUID).values())
      awaited.push(await promise(tools, instances, entries));
    for (let left = before; left > 0; left -= 1) {
      await bring(tools, awaited[0]!);
      awaited.shift();
    }
  };
  /** Waits for the step before. Throws what that one threw: none follows it. */
  const moveOn = async (): Promise<void> => {
    await moving;
    moving = step(batch);
    // Its failure is told to the next one, or at the end.
    void ignoreFailure(moving, 'whoever moves on next is told');
    batch = [];
    bytes = 0;
  };
  const add = async (taken: Taken): Promise<void> => {
    batch.push(taken);
    bytes += 'bytes' in taken ? taken.bytes.length : 0;
    if (bytes >= BATCH_BYTES || batch.length >= BATCH_INSTANCES) await moveOn();
  };
  /** The instances that are being added, one after the other, whether or not their callers wait. */
  let adding: Promise<void> = Promise.resolve();
  return {
    async take(taken) {
      adding = adding.then(() => add(taken));
      await adding;
    },
    async end() {
      await adding;
      await moveOn();
      await moveOn();
      await moving;
    },
    async giveUp() {
      await ignoreFailure(adding, 'those behind it are not promised');
      await ignoreFailure(moving, 'its promises are taken back');
      for (const { uploadId, instances } of awaited.splice(0)) {
        await tools.takeBack(
          uploadId,
          instances.map(({ instance }) => instance),
        );
        noteLost(entries, { uploadId, instances });
      }
    },
    entries: () => entries,
  };
}

const keyIn = ({ instance: { sopInstanceUID, digest } }: Taken): InstanceKey => ({ sopInstanceUID, digest });
const keyOf = ({ sopInstanceUID, digest }: InstanceKey): string => `${sopInstanceUID} ${digest}`;

function noteLost(entries: FileEntry[], { uploadId, instances }: Awaited): void {
  const lost = new Set(instances.map(({ instance }) => keyOf(instance)));
  entries.forEach((entry, at) => {
    if (entry.state === 'sent' && entry.upload === uploadId && lost.has(keyOf(entry)))
      entries[at] = { entry: entry.entry, state: 'refused', reason: 'never-arrived' };
  });
}

async function promise(
  { openUpload, policy }: SendTools,
  opened: readonly Taken[],
  entries: FileEntry[],
): Promise<Awaited> {
  const answer = await openUpload(toManifest(policy, opened));
  const { uploadId } = answer;
  const needed = new Set(answer.need.map(keyOf));
  const conflicts = new Map(answer.conflict.map((each) => [keyOf(each), each.reason as ReasonCode]));
  const instances = new Map<string, Taken>();
  for (const each of opened) {
    const key = keyOf(each.instance);
    const { sopInstanceUID, sopClassUID, digest } = each.instance;
    const reason = conflicts.get(key);
    entries.push(
      reason === undefined
        ? { entry: each.entry, state: 'sent', upload: uploadId, sopInstanceUID, digest }
        : {
            ...{ entry: each.entry, state: 'conflict', reason, sopInstanceUID, sopClassUID },
            ...{ upload: uploadId, digest },
          },
    );
    if (needed.has(key)) instances.set(key, each);
  }
  return { uploadId, instances: [...instances.values()] };
}

function toManifest(policy: SendTools['policy'], opened: readonly Taken[]): Manifest {
  const first = new Map<string, Taken>();
  for (const each of opened) {
    const key = keyOf(each.instance);
    if (!first.has(key)) first.set(key, each);
  }
  const named = [...first.values()].map(({ instance, report }) => ({
    ...instance,
    reportDigest: report?.digest ?? null,
  }));
  const vault = entriesOf(opened);
  return {
    protocolVersion: PROTOCOL_VERSION,
    policy,
    studyInstanceUID: opened[0]!.studyInstanceUID,
    ...(vault.length > 0 && { vault }),
    ...joinDescribed(opened.map(({ described }) => described)),
    ...describeReports(named, reportsOf(opened)),
  };
}

/** Each distinct report once; beyond the room for lists, by its digest alone. */
function reportsOf(opened: readonly Taken[]): ReadonlyMap<string, WireReport> {
  const reports = new Map<string, WireReport>();
  let room = REPORTS_CHARACTERS_LIMIT;
  for (const { report } of opened) {
    if (report === null || reports.has(report.digest)) continue;
    const characters = charactersOf(report.actions);
    reports.set(report.digest, characters <= room ? report : { ...report, actions: null });
    room -= characters <= room ? characters : 0;
  }
  return reports;
}

/** One for each patient. */
function entriesOf(opened: readonly Taken[]): VaultEntry[] {
  const entries = new Map(opened.flatMap(({ vault }) => (vault === null ? [] : [[vault.pseudonym, vault]])));
  return [...entries.values()].slice(0, VAULT_ENTRIES_LIMIT);
}

async function bring(tools: SendTools, { uploadId, instances }: Awaited): Promise<void> {
  if (instances.length === 0) return;
  const places = instances.flatMap((each): BroughtPlace[] =>
    'place' in each ? [{ ...keyIn(each), offset: each.place.offset }] : [],
  );
  // A parcel holds nothing but its study, for its bytes go when the study does.
  if (places.length === tools.entries && (await tools.adopt(uploadId, places))) return;
  let batch: OpenedInstance[] = [];
  let left = instances.length;
  for (const each of instances) {
    batch.push('bytes' in each ? each : { ...each, bytes: await tools.read(each.place) });
    left -= 1;
    if (left > 0 && sumBytes(batch) < BATCH_BYTES) continue;
    await bringCopies(tools, uploadId, batch);
    batch = [];
  }
}

const sumBytes = (batch: readonly OpenedInstance[]): number =>
  batch.reduce((sum, { bytes }) => sum + bytes.length, 0);

async function bringCopies(
  tools: SendTools,
  uploadId: string,
  instances: readonly OpenedInstance[],
): Promise<void> {
  const parts = instances.map(({ instance, bytes }) => ({
    sopInstanceUID: instance.sopInstanceUID,
    digest: instance.digest,
    transferSyntaxUID: instance.transferSyntaxUID,
    bytes,
  }));
  await checkRoom(tools.blobs, sumBytes(instances));
  await bringParcel(tools, uploadId, tools.newId(), parts);
  for (const { bytes } of instances) giveBack(bytes);
}
