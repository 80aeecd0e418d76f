/**
 * What a worker of the page does: reads headers, makes thumbnails, packs parcels into the queue. Plain functions: the worker is glue
 * around them, and tests run them without one.
 */
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { createRules } from '#shared/deid/rules.ts';
import { blobSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { thumbnail } from '#shared/dicom/pixel-data.ts';
import type { ReasonCode } from '#shared/protocol/problem.ts';
import { deviceKey } from '../queue/device-key.ts';
import { storeParcel, type NewParcel } from '../queue/enqueue.ts';
import type { LocalDatabase } from '../queue/local-database.ts';
import { createArchiveReader } from './archive.ts';
import type { FileRef } from './collect-files.ts';
import type { Thumbnail } from './found.ts';
import { ingestFile, summariseFile, type DevicePolicy, type FileSummary } from './ingest-file.ts';
import { openFile, refusingUnreadable, type NotSent } from './open-file.ts';

/** The policy as it travels to a worker. The project key is a CryptoKey that cannot be read back. */
export type PolicyForTask = { readonly kind: 'identified' } | { readonly kind: 'deidentified'; readonly options: readonly string[]; readonly projectKey: CryptoKey };

export interface FileToPack {
  readonly ref: FileRef;
  /** Its place among the study's instances, in the order of the files chosen. */
  readonly position: number;
}

export type Task =
  | { readonly kind: 'summarise'; readonly ref: FileRef; readonly inFolder: boolean; readonly policy: PolicyForTask['kind'] }
  | { readonly kind: 'thumbnail'; readonly ref: FileRef; readonly maxSide: number }
  | { readonly kind: 'pack'; readonly studyId: string; readonly parcelId: string; readonly files: readonly FileToPack[]; readonly policy: PolicyForTask };

/** What became of each file of a parcel. `duplicate`: the same bytes under the same UID as an earlier one of the parcel. */
export type PackedFile =
  | { readonly position: number; readonly kind: 'queued' | 'duplicate' }
  | { readonly position: number; readonly kind: NotSent['kind']; readonly because: ReasonCode };

export interface TaskResults {
  readonly summarise: FileSummary | NotSent;
  readonly thumbnail: Thumbnail | null;
  readonly pack: readonly PackedFile[];
}
export type ResultOf<T extends Task> = TaskResults[T['kind']];

export interface TaskRunner {
  /** Throws QuotaExceededError, StudyGone, and what is unexpected. */
  run<T extends Task>(task: T): Promise<ResultOf<T>>;
}

/** `key`: the device's own; asked of the database by default. */
export function createTaskRunner(database: LocalDatabase, key: () => Promise<CryptoKey> = () => deviceKey(database)): TaskRunner {
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

  async function pack(task: Extract<Task, { kind: 'pack' }>): Promise<readonly PackedFile[]> {
    const policy = await policies.resolve(task.policy);
    const instances: NewParcel['instances'][number][] = [];
    const packed: PackedFile[] = [];
    for (const { ref, position } of task.files) {
      const outcome = await refusingUnreadable(undefined, async () => ingestFile(await openFile(ref, archives), false, policy));
      if (outcome.kind !== 'ready') {
        packed.push({ position, kind: outcome.kind, because: outcome.because });
        continue;
      }
      const { instance } = outcome;
      const isDuplicate = instances.some((other) => other.sopInstanceUID === instance.sopInstanceUID && other.digest === instance.digest);
      if (!isDuplicate) instances.push({ ...instance, position });
      packed.push({ position, kind: isDuplicate ? 'duplicate' : 'queued' });
    }
    if (instances.length > 0) await storeParcel(database, await key(), { id: task.parcelId, studyId: task.studyId, instances });
    return packed;
  }

  return {
    async run<T extends Task>(task: T): Promise<ResultOf<T>> {
      const result = task.kind === 'summarise' ? summarise(task) : task.kind === 'thumbnail' ? makeThumbnail(task) : pack(task);
      return (await result) as ResultOf<T>;
    },
  };
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
