/**
 * Brings files of a study into the queue with two tasks of a worker. Naming reads every instance once and writes its
 * row, so that the gateway can be asked about it. Packing reads it again and stores it in a sealed parcel.
 */
import type { Codecs } from '#shared/pixels/codecs.ts';
import type { WireReport } from '#shared/protocol/deid-report.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import type { CodingTools } from '#shared/transfer/coding/code-instance.ts';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import type { VaultEntry } from '#shared/protocol/vault.ts';
import type { PreparedInstance } from '#shared/ingest/outgoing.ts';
import { isBeingPacked } from '../../queue/rows/finish-packing.ts';
import type { InstanceRow, LocalDatabase } from '../../queue/rows/local-database.ts';
import {
  nameInstances,
  StudyGone,
  withdrawInstances,
  type NamedInstance,
} from '../../queue/rows/name-study.ts';
import { noteVaultEntries } from '../../queue/rows/note-vault-entries.ts';
import { storeParcel, type NewParcel } from '../../queue/rows/store-parcel.ts';
import type { ArchiveReader } from '#shared/ingest/archive.ts';
import { codeParts } from './code-parts.ts';
import type { PolicyCache } from './device-policy.ts';
import type { FileToQueue, NotQueued, Task, TaskResults } from './device-tasks.ts';
import { ingestFile, reportOf, type IngestOutcome, type IngestTerms } from '#shared/ingest/ingest-file.ts';
import { refusingUnreadable, type NotSent } from '#shared/ingest/refusing-unreadable.ts';
import { openFile } from '../choose/open-file.ts';
import { mapInParallel } from './run-in-parallel.ts';

export interface PackingWork {
  readonly database: LocalDatabase;
  /** Loads the codec when the first image is coded. */
  readonly coding: CodingTools;
  /**
   * For pictures, and for pixels that are decoded in order to be covered. Loads a decoder when the first image needs
   * it.
   */
  readonly codecs: Codecs;
  /** Milliseconds from a clock that does not jump. */
  readonly now: () => number;
  readonly archives: ArchiveReader;
  readonly policies: PolicyCache;
}

export type TaskOf<Kind extends Task['kind']> = Extract<Task, { kind: Kind }>;

type Terms = Pick<IngestTerms, 'policy' | 'companions'>;

/**
 * A browser takes milliseconds to return the first bytes of a file. Reading several files at once overlaps these
 * delays.
 */
export const READ_AT_ONCE = 6;

export async function nameFiles(work: PackingWork, task: TaskOf<'name'>): Promise<TaskResults['name']> {
  const policy = await work.policies.resolve(task.policy);
  /** By digest, so that two hundred equal lists of actions are stored once. */
  const reports = new Map<string, WireReport>();
  const entries: VaultEntry[] = [];
  const outcomes = await mapInParallel(task.files, READ_AT_ONCE, (file) =>
    nameFile(work, file, { policy, companions: () => task.companions }, { reports, entries }),
  );
  const named = new Map<string, NamedInstance>();
  const notQueued: NotQueued[] = [];
  const duplicates: number[] = [];
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
  await noteVaultEntries(work.database, task.studyId, entries);
  await nameInstances(work.database, task.studyId, [...named.values()], [...reports.values()]);
  return { notQueued, duplicates };
}

/**
 * Names a file without looking for texts that repeat values of its companions, because the question here is not
 * whether the file is sent.
 */
export async function recogniseFile(
  work: PackingWork,
  task: TaskOf<'recognise'>,
): Promise<TaskResults['recognise']> {
  const outcome = await ingest(work, task.file, { policy: await work.policies.resolve(task.policy) });
  if (outcome.kind !== 'ready') return null;
  const { studyInstanceUID, sopInstanceUID, digest, originalDigest } = outcome.instance;
  return { studyInstanceUID, sopInstanceUID, digest, originalDigest };
}

type Noted = { readonly reports: Map<string, WireReport>; readonly entries: VaultEntry[] };

async function nameFile(
  work: PackingWork,
  file: FileToQueue,
  terms: Terms,
  { reports, entries }: Noted,
): Promise<NamedInstance | NotSent> {
  const { policy } = terms;
  const outcome = await ingest(work, file, terms);
  if (outcome.kind !== 'ready') return outcome;
  const report = await reportOf(policy, outcome.report);
  if (outcome.vault !== null) entries.push(outcome.vault);
  if (report !== null && !reports.has(report.digest)) reports.set(report.digest, report);
  const textsSeen = outcome.report.filter(({ because }) => because === 'released').map(({ path }) => path);
  return {
    ...toNamed(outcome.instance, file.position),
    ...(textsSeen.length > 0 && { textsSeen }),
    ...(report !== null && { report: report.digest }),
    ...(outcome.triage !== null && { triage: outcome.triage }),
    ...(outcome.isCovered && { isCovered: true }),
  };
}

/** The named instance without its bytes, because two hundred instances are named together. */
function toNamed(
  { bytes, originalDigest, coding: _, ...instance }: PreparedInstance,
  position: number,
): NamedInstance {
  return { ...instance, position, bytes: sizeOf(bytes), ...(originalDigest !== null && { originalDigest }) };
}

export async function packFiles(work: PackingWork, task: TaskOf<'pack'>): Promise<TaskResults['pack']> {
  const { database, coding, now } = work;
  if (!isBeingPacked(await database.studies.get(task.studyId))) throw new StudyGone();
  const { wanted, later } = await filesToPack(database, task);
  const { instances, notQueued } = await readAgain(work, task, wanted);
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

type WantedFile = { readonly file: FileToQueue; readonly row: InstanceRow };

async function filesToPack(
  database: LocalDatabase,
  { studyId, files, onlyNeeded }: TaskOf<'pack'>,
): Promise<{ wanted: readonly WantedFile[]; later: readonly number[] }> {
  const rows = await database.instances.bulkGet(
    files.map(({ position }): [string, number] => [studyId, position]),
  );
  const wanted: WantedFile[] = [];
  const later: number[] = [];
  for (const [at, file] of files.entries()) {
    const row = rows[at];
    if (!row || !needsCopy(row)) continue;
    if (onlyNeeded && row.state !== 'safe') later.push(file.position);
    else wanted.push({ file, row });
  }
  return { wanted, later };
}

/** No copy is stored of an instance that is already packed, was in the PACS before, or has been settled meanwhile. */
function needsCopy({ parcelId, inPacs, state }: InstanceRow): boolean {
  return parcelId === null && inPacs !== true && state !== 'left-out' && !isInPacs(state as InstanceState);
}

async function readAgain(
  work: PackingWork,
  task: TaskOf<'pack'>,
  wanted: readonly WantedFile[],
): Promise<{ instances: NewParcel['instances'][number][]; notQueued: NotQueued[] }> {
  const policy = await work.policies.resolve(task.policy);
  // Texts that repeat values of companions were looked for during naming.
  const outcomes = await mapInParallel(wanted, READ_AT_ONCE, ({ file }) => ingest(work, file, { policy }));
  const instances: NewParcel['instances'][number][] = [];
  const notQueued: NotQueued[] = [];
  for (const [at, { file, row }] of wanted.entries()) {
    const { position } = file;
    const outcome = outcomes[at]!;
    if (outcome.kind !== 'ready') notQueued.push({ position, because: outcome });
    else if (!isTheSame(outcome.instance, row))
      notQueued.push({ position, because: { kind: 'refused', because: 'file-changed' } });
    else instances.push({ ...outcome.instance, position });
  }
  return { instances, notQueued };
}

/** The packed instance must be the promised one, because somebody may have overwritten the file since it was named. */
function isTheSame(
  instance: { readonly sopInstanceUID: string; readonly digest: string },
  row: InstanceRow,
): boolean {
  return instance.sopInstanceUID === row.sopInstanceUID && instance.digest === row.digest;
}

function ingest(
  { archives, codecs }: PackingWork,
  { ref, looked = [], boxes = [] }: FileToQueue,
  terms: Terms,
): Promise<IngestOutcome> {
  const cover = { boxes, codecs };
  return refusingUnreadable(undefined, async () =>
    ingestFile(await openFile(ref, archives), { ...terms, inFolder: false, looked, cover }),
  );
}
