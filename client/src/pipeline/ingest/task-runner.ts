/**
 * Runs the tasks of device-tasks.ts inside a worker of the page. Plain functions: ingest.worker.ts only passes
 * messages, and tests run tasks without a worker. Rows and parcels are written here, off the page's thread.
 */
import { blobSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import type { Codecs } from '#shared/pixels/codecs.ts';
import type { Thumbnail } from '#shared/pixels/thumbnail.ts';
import { compareInstance } from '../deid/compare-instance.ts';
import type { Comparison } from '../deid/comparison.ts';
import { createArchiveReader } from './archive.ts';
import { createPolicyCache } from './device-policy.ts';
import type { ResultOf, Task, TaskResults } from './device-tasks.ts';
import { summariseFile } from './ingest-file.ts';
import { nameFiles, packFiles, READ_AT_ONCE, type PackingWork, type TaskOf } from './name-and-pack.ts';
import { openFile, refusingUnreadable } from './open-file.ts';
import { listFolder, type Listing } from './picked-folder.ts';
import { mapInParallel } from './run-in-parallel.ts';

export interface TaskRunner {
  /** Throws QuotaExceededError, StudyGone, and unexpected errors. */
  run<T extends Task>(task: T): Promise<ResultOf<T>>;
}

export interface TaskRunnerTools extends Pick<PackingWork, 'database' | 'coding' | 'now'> {
  /** For pictures: loads a decoder when the first image needs it. */
  readonly codecs: Codecs;
}

type Work = TaskRunnerTools & PackingWork;

export function createTaskRunner(tools: TaskRunnerTools): TaskRunner {
  const work: Work = { ...tools, archives: createArchiveReader(), policies: createPolicyCache() };
  return {
    async run<T extends Task>(task: T): Promise<ResultOf<T>> {
      return (await runTask(work, task)) as ResultOf<T>;
    },
  };
}

function runTask(work: Work, task: Task): Promise<TaskResults[Task['kind']]> {
  switch (task.kind) {
    case 'list':
      return list(task);
    case 'summarise':
      return summarise(work, task);
    case 'thumbnail':
      return makeThumbnail(work, task);
    case 'compare':
      return compare(work, task);
    case 'name':
      return nameFiles(work, task);
    case 'pack':
      return packFiles(work, task);
    default:
      return task satisfies never;
  }
}

async function list({ folder, path }: TaskOf<'list'>): Promise<Listing | null> {
  const listed = await refusingUnreadable(undefined, () => listFolder(folder, path));
  return 'kind' in listed ? null : listed;
}

function summarise({ archives }: Work, task: TaskOf<'summarise'>): Promise<TaskResults['summarise']> {
  return mapInParallel(task.files, READ_AT_ONCE, async ({ ref, inFolder }) => {
    let bytes = 0;
    const said = await refusingUnreadable(undefined, async () => {
      const file = await openFile(ref, archives);
      bytes = file.size;
      return summariseFile(file, inFolder, task.policy);
    });
    return { said, bytes };
  });
}

async function makeThumbnail(
  { archives, codecs }: Work,
  { ref, maxSide, frame }: TaskOf<'thumbnail'>,
): Promise<Thumbnail | null> {
  const made = await refusingUnreadable(undefined, async () => {
    const source = blobSource(await openFile(ref, archives));
    const [read, { thumbnail }] = await Promise.all([
      readInstance(source, undefined, 'replaced'),
      import('#shared/pixels/thumbnail.ts'),
    ]);
    if (read.kind !== 'ready') return read;
    const { instance } = read;
    const picture = await thumbnail(instance, instance.dataSet, { maxSide, frame }, { codecs });
    return { kind: 'made' as const, picture };
  });
  return made.kind === 'made' ? made.picture : null;
}

async function compare(
  { archives, policies }: Work,
  { ref, policy, released }: TaskOf<'compare'>,
): Promise<Comparison> {
  const resolved = await policies.resolve(policy);
  return refusingUnreadable(undefined, async () =>
    compareInstance(await openFile(ref, archives), resolved, released),
  );
}
