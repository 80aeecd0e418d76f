/**
 * Runs the tasks of device-tasks.ts inside a worker of the page. These are plain functions: ingest.worker.ts only
 * passes messages, and tests run tasks without a worker. Rows and parcels are written here, off the page's thread.
 *  Everything that Send needs is imported when the worker starts, because WebKit's workers cannot load anything later
 * without a network.
 */
import { blobSource } from '#shared/dicom/byte-source.ts';
import { keyOfNamed } from '#shared/deid/text/named-value.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { mayHoldName } from '#shared/deid/undeclared-text.ts';
import { parseBase64Url } from '#shared/transfer/base64url.ts';
import { ObliviousPrfError } from '#shared/transfer/oblivious-prf.ts';
import { blindPatients, openSecrets } from '#shared/transfer/patient-secrets.ts';
import { compareInstance } from '../../compare/compare-instance.ts';
import type { Comparison } from '../../compare/comparison.ts';
import { ARCHIVE_LIMITS, createArchiveReader, listArchive } from '#shared/ingest/archive.ts';
import { coverFile } from '#shared/ingest/cover-file.ts';
import { createPolicyCache } from './device-policy.ts';
import type { ResultOf, Task, TaskResults } from './device-tasks.ts';
import { summariseFile, type FileSummary } from '#shared/ingest/ingest-file.ts';
import {
  nameFiles,
  packFiles,
  READ_AT_ONCE,
  recogniseFile,
  type PackingWork,
  type TaskOf,
} from './name-and-pack.ts';
import { refusingUnreadable } from '#shared/ingest/refusing-unreadable.ts';
import { openFile } from '../choose/open-file.ts';
import { listFolder, type Listing } from '../choose/picked-folder.ts';
import { mapInParallel } from './run-in-parallel.ts';

interface TaskRunner {
  /** Throws QuotaExceededError, StudyGone, and unexpected errors. */
  run<T extends Task>(task: T): Promise<ResultOf<T>>;
}

type TaskRunnerTools = Pick<PackingWork, 'database' | 'coding' | 'codecs' | 'now'>;

export function createTaskRunner(tools: TaskRunnerTools): TaskRunner {
  const work: PackingWork = {
    ...tools,
    archives: createArchiveReader(ARCHIVE_LIMITS.entriesOnDevice),
    policies: createPolicyCache(),
  };
  return {
    async run<T extends Task>(task: T): Promise<ResultOf<T>> {
      return (await runTask(work, task)) as ResultOf<T>;
    },
  };
}

function runTask(work: PackingWork, task: Task): Promise<TaskResults[Task['kind']]> {
  switch (task.kind) {
    case 'list':
      return list(task);
    case 'list-archive':
      return listArchive(task.archive, undefined, ARCHIVE_LIMITS.entriesOnDevice);
    case 'summarise':
      return summarise(work, task);
    case 'same-bytes':
      return sameBytes(work, task);
    case 'thumbnail':
      return makeThumbnail(work, task);
    case 'compare':
      return compare(work, task);
    case 'blind':
      return Promise.resolve(blindPatients(task.patients));
    case 'open-secrets':
      return openAnswer(task);
    case 'recognise':
      return recogniseFile(work, task);
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

async function summarise(
  { archives }: PackingWork,
  task: TaskOf<'summarise'>,
): Promise<TaskResults['summarise']> {
  const summaries = await mapInParallel(task.files, READ_AT_ONCE, async ({ ref, inFolder }) => {
    let bytes = 0;
    const said = await refusingUnreadable(undefined, async () => {
      const file = await openFile(ref, archives);
      bytes = file.size;
      return summariseFile(file, inFolder, task.policy);
    });
    return { said, bytes };
  });
  // Equal lists are returned as one object, so that they are also one in the page: ten thousand headers share a few
  // lists.
  const lists = new Map<string, FileSummary['named']>();
  const shared = (named: FileSummary['named']): FileSummary['named'] => {
    const key = named.map(keyOfNamed).join('\n');
    const same = lists.get(key) ?? named;
    lists.set(key, same);
    return same;
  };
  return summaries.map(({ said, bytes }) => ({
    said: said.kind === 'summary' ? { ...said, named: shared(said.named) } : said,
    bytes,
  }));
}

async function sameBytes({ archives }: PackingWork, { first, second }: TaskOf<'same-bytes'>) {
  const compared = await refusingUnreadable(undefined, async () => ({
    kind: 'compared' as const,
    same: await isSameBytes(await openFile(first, archives), await openFile(second, archives)),
  }));
  return compared.kind === 'compared' ? compared.same : null;
}

async function makeThumbnail(
  { archives, codecs }: PackingWork,
  { ref, boxes = [], ...wanted }: TaskOf<'thumbnail'>,
): Promise<TaskResults['thumbnail']> {
  const made = await refusingUnreadable(undefined, async () => {
    const file = await openFile(ref, archives);
    const shown = boxes.length > 0 ? await coverFile(blobSource(file), { boxes, codecs }) : { file };
    if (!('file' in shown)) return shown;
    const source = blobSource(shown.file);
    const [read, { thumbnail }] = await Promise.all([
      readInstance(source, undefined, 'replaced'),
      import('#shared/pixels/thumbnail.ts'),
    ]);
    if (read.kind !== 'ready') return read;
    const { instance } = read;
    const frame = await thumbnail(instance, instance.dataSet, wanted, { codecs });
    if (typeof frame === 'string') return { kind: 'none' as const, because: frame };
    const about = { of: instance.identifiers.seriesInstanceUID, mayHoldName: mayHoldName(instance) };
    return { kind: 'made' as const, picture: { ...frame, ...about } };
  });
  if (made.kind === 'made') return made.picture;
  if (made.kind === 'none') return made.because;
  return made.because === 'file-unreadable' ? 'file-unreadable' : 'unknown';
}

async function openAnswer({ asked, publicKey, ...answer }: TaskOf<'open-secrets'>) {
  return openSecrets(asked, answer, parseBase64Url(publicKey)).catch((error: unknown) => {
    if (error instanceof ObliviousPrfError || error instanceof DOMException) return null;
    throw error;
  });
}

async function compare(
  { archives, codecs, policies }: PackingWork,
  { ref, policy, looked, boxes, companions }: TaskOf<'compare'>,
): Promise<Comparison> {
  const resolved = await policies.resolve(policy);
  const terms = { policy: resolved, looked, companions: () => companions, cover: { boxes, codecs } };
  return refusingUnreadable(undefined, async () => compareInstance(await openFile(ref, archives), terms));
}

const PIECE_BYTES = 1024 * 1024;

/** Stops reading at the first bytes that differ. Rejects as reading does. */
async function isSameBytes(first: Blob, second: Blob): Promise<boolean> {
  if (first.size !== second.size) return false;
  for (let at = 0; at < first.size; at += PIECE_BYTES) {
    const [one, other] = await Promise.all(
      [first, second].map(
        async (file) => new Uint8Array(await file.slice(at, at + PIECE_BYTES).arrayBuffer()),
      ),
    );
    if (!one!.every((byte, index) => byte === other![index])) return false;
  }
  return true;
}
