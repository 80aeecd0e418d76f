/**
 * What a worker of the page does: reads headers, makes thumbnails, names instances and packs parcels into the queue. Plain functions: the
 * worker is glue around them, and tests run them without one. Rows and parcels are written here, beside the page's thread.
 */
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { createRules } from '#shared/deid/rules.ts';
import { blobSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { thumbnail } from '#shared/dicom/pixel-data.ts';
import type { SealingKey } from '#shared/protocol/api.ts';
import type { CodingTools } from '#shared/transfer/coding/code-instance.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import type { InstanceRow, LocalDatabase } from '../queue/local-database.ts';
import { nameInstances, StudyGone, withdrawInstances, type NamedInstance } from '../queue/name-study.ts';
import { isBeingPacked } from '../queue/finish-packing.ts';
import { storeParcel, type NewParcel } from '../queue/store-parcel.ts';
import { createArchiveReader } from './archive.ts';
import { codeParts } from './code-parts.ts';
import type { FileRef } from './collect-files.ts';
import type { Thumbnail } from './found.ts';
import { ingestFile, summariseFile, type DevicePolicy, type FileSummary } from './ingest-file.ts';
import { openFile, refusingUnreadable, type NotSent } from './open-file.ts';

/** The policy as it travels to a worker. The project key is a CryptoKey that cannot be read back. */
export type PolicyForTask = { readonly kind: 'identified' } | { readonly kind: 'deidentified'; readonly options: readonly string[]; readonly projectKey: CryptoKey };

export interface FileToQueue {
  readonly ref: FileRef;
  /** Its place among the study's instances, in the order of the files chosen. */
  readonly position: number;
}

export type Task =
  | { readonly kind: 'summarise'; readonly ref: FileRef; readonly inFolder: boolean; readonly policy: PolicyForTask['kind'] }
  | { readonly kind: 'thumbnail'; readonly ref: FileRef; readonly maxSide: number }
  | { readonly kind: 'name'; readonly studyId: string; readonly files: readonly FileToQueue[]; readonly policy: PolicyForTask }
  | {
    readonly kind: 'pack'; readonly studyId: string; readonly parcelId: string; readonly files: readonly FileToQueue[]; readonly policy: PolicyForTask;
    readonly sealingKey: SealingKey;
    /** What the gateway has is left for later: parcels that are needed hold nothing else. */
    readonly onlyNeeded: boolean;
    /** How many of them pack side by side. */
    readonly workers: number;
  };

/** A file that was chosen and does not travel. */
export interface NotQueued {
  readonly position: number;
  readonly because: NotSent;
}

export interface TaskResults {
  readonly summarise: FileSummary | NotSent;
  readonly thumbnail: Thumbnail | null;
  /** `duplicates`: the same bytes under the same UID as an earlier one. */
  readonly name: { readonly notQueued: readonly NotQueued[]; readonly duplicates: readonly number[] };
  /** `later`: positions of what the gateway has, which `onlyNeeded` passed over. */
  readonly pack: { readonly notQueued: readonly NotQueued[]; readonly later: readonly number[] };
}
export type ResultOf<T extends Task> = TaskResults[T['kind']];

export interface TaskRunner {
  /** Throws QuotaExceededError, StudyGone, and what is unexpected. */
  run<T extends Task>(task: T): Promise<ResultOf<T>>;
}

export interface TaskRunnerTools {
  readonly database: LocalDatabase;
  /** Loads the codec when the first image is coded. */
  readonly coding: CodingTools;
  /** Milliseconds of a clock that does not jump. */
  readonly now: () => number;
}

export function createTaskRunner({ database, coding, now }: TaskRunnerTools): TaskRunner {
  const archives = createArchiveReader();
  const policies = createPolicyCache();

  async function summarise(task: Extract<Task, { kind: 'summarise' }>): Promise<TaskResults['summarise']> {
    return refusingUnreadable(undefined, async () => summariseFile(await openFile(task.ref, archives), task.inFolder, task.policy));
  }

  async function makeThumbnail(task: Extract<Task, { kind: 'thumbnail' }>): Promise<Thumbnail | null> {
    const made = await refusingUnreadable(undefined, async () => {
      const source = blobSource(await openFile(task.ref, archives));
      const read = await readInstance(source, undefined, 'replaced');
      return read.kind === 'ready' ? { kind: 'made' as const, picture: await thumbnail(read.instance, source, task.maxSide) } : read;
    });
    return made.kind === 'made' ? made.picture : null;
  }

  async function name(task: Extract<Task, { kind: 'name' }>): Promise<TaskResults['name']> {
    const policy = await policies.resolve(task.policy);
    const named = new Map<string, NamedInstance>();
    const notQueued: NotQueued[] = [];
    const duplicates: number[] = [];
    for (const { ref, position } of task.files) {
      const outcome = await refusingUnreadable(undefined, async () => ingestFile(await openFile(ref, archives), false, policy));
      if (outcome.kind !== 'ready') {
        notQueued.push({ position, because: outcome });
        continue;
      }
      const { bytes, originalDigest, coding: _, ...instance } = outcome.instance;
      const key = `${instance.sopInstanceUID} ${instance.digest}`;
      if (named.has(key)) duplicates.push(position);
      else named.set(key, { ...instance, position, bytes: bytes.size, ...(originalDigest !== null && { originalDigest }) });
    }
    await nameInstances(database, task.studyId, [...named.values()]);
    return { notQueued, duplicates };
  }

  async function pack(task: Extract<Task, { kind: 'pack' }>): Promise<TaskResults['pack']> {
    if (!isBeingPacked(await database.studies.get(task.studyId))) throw new StudyGone();
    const policy = await policies.resolve(task.policy);
    const rows = await database.instances.bulkGet(task.files.map(({ position }): [string, number] => [task.studyId, position]));
    const instances: NewParcel['instances'][number][] = [];
    const notQueued: NotQueued[] = [];
    const later: number[] = [];
    for (const [at, { ref, position }] of task.files.entries()) {
      const row = rows[at];
      if (!row || !needsCopy(row)) continue;
      if (task.onlyNeeded && row.state !== 'safe') {
        later.push(position);
        continue;
      }
      const outcome = await refusingUnreadable(undefined, async () => ingestFile(await openFile(ref, archives), false, policy));
      if (outcome.kind !== 'ready') notQueued.push({ position, because: outcome });
      else if (!isTheSame(outcome.instance, row)) notQueued.push({ position, because: { kind: 'refused', because: 'file-changed' } });
      else instances.push({ ...outcome.instance, position });
    }
    if (instances.length > 0) {
      const parts = await codeParts({ database, tools: coding, now }, task.workers, instances);
      await storeParcel(database, task.sealingKey, { id: task.parcelId, studyId: task.studyId, instances: parts });
    }
    if (notQueued.length > 0) await withdrawInstances(database, task.studyId, notQueued.map(({ position }) => position));
    return { notQueued, later };
  }

  return {
    async run<T extends Task>(task: T): Promise<ResultOf<T>> {
      return (await runTask(task)) as ResultOf<T>;
    },
  };

  function runTask(task: Task): Promise<TaskResults[Task['kind']]> {
    switch (task.kind) {
      case 'summarise':
        return summarise(task);
      case 'thumbnail':
        return makeThumbnail(task);
      case 'name':
        return name(task);
      case 'pack':
        return pack(task);
      default:
        return task satisfies never;
    }
  }
}

/** Packed already, in the PACS before, or settled meanwhile: nothing of it has to be kept here. */
function needsCopy({ parcelId, inPacs, state }: InstanceRow): boolean {
  return parcelId === null && inPacs !== true && state !== 'left-out' && !isInPacs(state as InstanceState);
}

/** What was promised is what is packed: a file may have been written anew since it was named. */
function isTheSame(instance: { readonly sopInstanceUID: string; readonly digest: string }, row: InstanceRow): boolean {
  return instance.sopInstanceUID === row.sopInstanceUID && instance.digest === row.digest;
}

/** Rules and pseudonyms are made once for each policy: they hold tables and a cache. */
function createPolicyCache(): { resolve(policy: PolicyForTask): Promise<DevicePolicy> } {
  let last: { options: string; projectKey: CryptoKey; policy: DevicePolicy } | null = null;
  return {
    async resolve(policy) {
      if (policy.kind === 'identified') return { kind: 'identified' };
      const options = policy.options.join(' ');
      if (last?.options === options && last.projectKey === policy.projectKey) return last.policy;
      const rules = createRules(policy.options);
      if (rules.kind === 'refused') throw new Error(`this device cannot carry out the option ${rules.option}`);
      const made: DevicePolicy = { kind: 'deidentified', rules: rules.rules, pseudonyms: await createPseudonyms(policy.projectKey) };
      last = { options, projectKey: policy.projectKey, policy: made };
      return made;
    },
  };
}
