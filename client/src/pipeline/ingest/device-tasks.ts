/**
 * What a worker of the page does: reads headers, makes thumbnails, names instances and packs parcels into the
 * queue. Plain functions: the worker is glue around them, and tests run them without one. Rows and parcels
 * are written here, beside the page's thread.
 */
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { createRules } from '#shared/deid/rules.ts';
import { blobSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import type { Codecs } from '#shared/pixels/codecs.ts';
import type { Thumbnail } from '#shared/pixels/thumbnail.ts';
import type { Policy, SealingKey } from '#shared/protocol/api.ts';
import type { WireReport } from '#shared/protocol/deid-report.ts';
import type { CodingTools } from '#shared/transfer/coding/code-instance.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import type { InstanceRow, LocalDatabase } from '../queue/rows/local-database.ts';
import { nameInstances, StudyGone, withdrawInstances, type NamedInstance } from '../queue/rows/name-study.ts';
import { isBeingPacked } from '../queue/rows/finish-packing.ts';
import type { PreparedInstance } from '../queue/outgoing.ts';
import { storeParcel, type NewParcel } from '../queue/rows/store-parcel.ts';
import { compareInstance } from '../deid/compare-instance.ts';
import type { Comparison } from '../deid/comparison.ts';
import { createArchiveReader } from './archive.ts';
import { inOrder } from './at-once.ts';
import { codeParts } from './code-parts.ts';
import type { FileRef } from './collect-files.ts';
import {
  ingestFile,
  reportOf,
  summariseFile,
  type DevicePolicy,
  type FileSummary,
  type IngestOutcome,
} from './ingest-file.ts';
import { openFile, refusingUnreadable, type NotSent } from './open-file.ts';
import { listFolder, type FolderHandle, type Listing } from './picked-folder.ts';

/** The policy as it travels to a worker. The project key is a CryptoKey that cannot be read back. */
export type PolicyForTask =
  | { readonly kind: 'identified' }
  | {
      readonly kind: 'deidentified';
      readonly options: readonly string[];
      readonly rules: Policy['rules'];
      readonly projectKey: CryptoKey;
    };

export interface FileToQueue {
  readonly ref: FileRef;
  /** Its place among the study's instances, in the order of the files chosen. */
  readonly position: number;
  /** A person looked at its pixels (`deidentifyInstance`). */
  readonly released?: boolean;
}

export interface FileToSummarise {
  readonly ref: FileRef;
  readonly inFolder: boolean;
}

export interface Summarised {
  readonly said: FileSummary | NotSent;
  readonly bytes: number;
}

export type Task =
  /** Null where the folder cannot be read. */
  | { readonly kind: 'list'; readonly folder: FolderHandle; readonly path: readonly string[] }
  | {
      readonly kind: 'summarise';
      readonly files: readonly FileToSummarise[];
      readonly policy: PolicyForTask['kind'];
    }
  /** `frame`: counted from 0; without it the middle one. */
  | { readonly kind: 'thumbnail'; readonly ref: FileRef; readonly maxSide: number; readonly frame?: number }
  /** Before and after, for a person to look at: nothing of it is kept. */
  | {
      readonly kind: 'compare';
      readonly ref: FileRef;
      readonly policy: PolicyForTask;
      readonly released: boolean;
    }
  | {
      readonly kind: 'name';
      readonly studyId: string;
      readonly files: readonly FileToQueue[];
      readonly policy: PolicyForTask;
    }
  | {
      readonly kind: 'pack';
      readonly studyId: string;
      readonly parcelId: string;
      readonly files: readonly FileToQueue[];
      readonly policy: PolicyForTask;
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
  readonly list: Listing | null;
  /** In the order of the files. */
  readonly summarise: readonly Summarised[];
  readonly thumbnail: Thumbnail | null;
  readonly compare: Comparison;
  /** `duplicates`: the same bytes under the same UID as an earlier one. */
  readonly name: { readonly notQueued: readonly NotQueued[]; readonly duplicates: readonly number[] };
  /** `later`: positions of what the gateway has, which `onlyNeeded` passed over. */
  readonly pack: { readonly notQueued: readonly NotQueued[]; readonly later: readonly number[] };
}
export type ResultOf<T extends Task> = TaskResults[T['kind']];

/**
 * A browser takes milliseconds to give the first bytes of a file, and gives those of several at the same
 * time.
 */
const READ_AT_ONCE = 6;

export interface TaskRunner {
  /** Throws QuotaExceededError, StudyGone, and what is unexpected. */
  run<T extends Task>(task: T): Promise<ResultOf<T>>;
}

export interface TaskRunnerTools {
  readonly database: LocalDatabase;
  /** Loads the codec when the first image is coded. */
  readonly coding: CodingTools;
  /** For pictures: loads a decoder when the first image needs it. */
  readonly codecs: Codecs;
  /** Milliseconds of a clock that does not jump. */
  readonly now: () => number;
}

export function createTaskRunner({ database, coding, codecs, now }: TaskRunnerTools): TaskRunner {
  const archives = createArchiveReader();
  const policies = createPolicyCache();

  async function summarise(task: Extract<Task, { kind: 'summarise' }>): Promise<TaskResults['summarise']> {
    return inOrder(task.files, READ_AT_ONCE, async ({ ref, inFolder }) => {
      let bytes = 0;
      const said = await refusingUnreadable(undefined, async () => {
        const file = await openFile(ref, archives);
        bytes = file.size;
        return summariseFile(file, inFolder, task.policy);
      });
      return { said, bytes };
    });
  }

  async function list({ folder, path }: Extract<Task, { kind: 'list' }>): Promise<Listing | null> {
    const listed = await refusingUnreadable(undefined, () => listFolder(folder, path));
    return 'kind' in listed ? null : listed;
  }

  async function makeThumbnail(task: Extract<Task, { kind: 'thumbnail' }>): Promise<Thumbnail | null> {
    const made = await refusingUnreadable(undefined, async () => {
      const source = blobSource(await openFile(task.ref, archives));
      const [read, { thumbnail }] = await Promise.all([
        readInstance(source, undefined, 'replaced'),
        import('#shared/pixels/thumbnail.ts'),
      ]);
      if (read.kind !== 'ready') return read;
      return {
        kind: 'made' as const,
        picture: await thumbnail(
          read.instance,
          read.instance.dataSet,
          { maxSide: task.maxSide, frame: task.frame },
          { codecs },
        ),
      };
    });
    return made.kind === 'made' ? made.picture : null;
  }

  async function compare({ ref, policy, released }: Extract<Task, { kind: 'compare' }>): Promise<Comparison> {
    const resolved = await policies.resolve(policy);
    return refusingUnreadable(undefined, async () =>
      compareInstance(await openFile(ref, archives), resolved, released),
    );
  }

  async function name(task: Extract<Task, { kind: 'name' }>): Promise<TaskResults['name']> {
    const policy = await policies.resolve(task.policy);
    const named = new Map<string, NamedInstance>();
    const notQueued: NotQueued[] = [];
    const duplicates: number[] = [];
    /** By digest: of two hundred lists of actions that are alike one is held. */
    const reports = new Map<string, WireReport>();
    const outcomes = await inOrder(task.files, READ_AT_ONCE, async ({ ref, position, released }) => {
      const outcome = await ingest(ref, policy, released);
      if (outcome.kind !== 'ready') return outcome;
      const report = await reportOf(policy, outcome.report);
      if (report !== null && !reports.has(report.digest)) reports.set(report.digest, report);
      return {
        ...toNamed(outcome.instance, position),
        ...(report !== null && { report: report.digest }),
        ...(outcome.triage !== null && { triage: outcome.triage }),
      };
    });
    for (const [at, { position }] of task.files.entries()) {
      const outcome = outcomes[at]!;
      if ('kind' in outcome) {
        notQueued.push({ position, because: outcome });
        continue;
      }
      const key = `${outcome.sopInstanceUID} ${outcome.digest}`;
      if (named.has(key)) duplicates.push(position);
      else named.set(key, outcome);
    }
    await nameInstances(database, task.studyId, [...named.values()], [...reports.values()]);
    return { notQueued, duplicates };
  }

  async function pack(task: Extract<Task, { kind: 'pack' }>): Promise<TaskResults['pack']> {
    if (!isBeingPacked(await database.studies.get(task.studyId))) throw new StudyGone();
    const policy = await policies.resolve(task.policy);
    const rows = await database.instances.bulkGet(
      task.files.map(({ position }): [string, number] => [task.studyId, position]),
    );
    const instances: NewParcel['instances'][number][] = [];
    const notQueued: NotQueued[] = [];
    const later: number[] = [];
    const wanted = task.files.flatMap(({ ref, position, released }, at) => {
      const row = rows[at];
      if (!row || !needsCopy(row)) return [];
      if (task.onlyNeeded && row.state !== 'safe') later.push(position);
      return task.onlyNeeded && row.state !== 'safe' ? [] : [{ ref, position, released, row }];
    });
    const outcomes = await inOrder(wanted, READ_AT_ONCE, ({ ref, released }) =>
      ingest(ref, policy, released),
    );
    for (const [at, { position, row }] of wanted.entries()) {
      const outcome = outcomes[at]!;
      if (outcome.kind !== 'ready') notQueued.push({ position, because: outcome });
      else if (!isTheSame(outcome.instance, row))
        notQueued.push({ position, because: { kind: 'refused', because: 'file-changed' } });
      else instances.push({ ...outcome.instance, position });
    }
    if (instances.length > 0) {
      const parts = await codeParts({ database, tools: coding, now }, task.workers, instances);
      await storeParcel(database, task.sealingKey, {
        id: task.parcelId,
        studyId: task.studyId,
        instances: parts,
      });
    }
    if (notQueued.length > 0)
      await withdrawInstances(
        database,
        task.studyId,
        notQueued.map(({ position }) => position),
      );
    return { notQueued, later };
  }

  function ingest(ref: FileRef, policy: DevicePolicy, released = false): Promise<IngestOutcome> {
    return refusingUnreadable(undefined, async () =>
      ingestFile(await openFile(ref, archives), false, policy, undefined, released),
    );
  }

  return {
    async run<T extends Task>(task: T): Promise<ResultOf<T>> {
      return (await runTask(task)) as ResultOf<T>;
    },
  };

  function runTask(task: Task): Promise<TaskResults[Task['kind']]> {
    switch (task.kind) {
      case 'list':
        return list(task);
      case 'summarise':
        return summarise(task);
      case 'thumbnail':
        return makeThumbnail(task);
      case 'compare':
        return compare(task);
      case 'name':
        return name(task);
      case 'pack':
        return pack(task);
      default:
        return task satisfies never;
    }
  }
}

/** Without its bytes: two hundred instances are named together. */
function toNamed(
  { bytes, originalDigest, coding: _, ...instance }: PreparedInstance,
  position: number,
): NamedInstance {
  return { ...instance, position, bytes: sizeOf(bytes), ...(originalDigest !== null && { originalDigest }) };
}

/** Packed already, in the PACS before, or settled meanwhile: nothing of it has to be kept here. */
function needsCopy({ parcelId, inPacs, state }: InstanceRow): boolean {
  return parcelId === null && inPacs !== true && state !== 'left-out' && !isInPacs(state as InstanceState);
}

/** What was promised is what is packed: a file may have been written anew since it was named. */
function isTheSame(
  instance: { readonly sopInstanceUID: string; readonly digest: string },
  row: InstanceRow,
): boolean {
  return instance.sopInstanceUID === row.sopInstanceUID && instance.digest === row.digest;
}

/** Rules and pseudonyms are made once for each policy: they hold tables and a cache. */
function createPolicyCache(): { resolve(policy: PolicyForTask): Promise<DevicePolicy> } {
  let last: { asked: string; projectKey: CryptoKey; policy: DevicePolicy } | null = null;
  return {
    async resolve(policy) {
      if (policy.kind === 'identified') return { kind: 'identified' };
      const asked = JSON.stringify([policy.options, policy.rules]);
      if (last?.asked === asked && last.projectKey === policy.projectKey) return last.policy;
      const rules = createRules(policy.options, policy.rules);
      if (rules.kind === 'refused')
        throw new Error(`this device cannot carry out the option ${rules.option}`);
      const made: DevicePolicy = {
        kind: 'deidentified',
        rules: rules.rules,
        pseudonyms: await createPseudonyms(policy.projectKey),
      };
      last = { asked, projectKey: policy.projectKey, policy: made };
      return made;
    },
  };
}
