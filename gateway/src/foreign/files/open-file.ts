/**
 * Opens a file in a thread: each instance is read and treated under the policy by the code of our own clients
 * (shared/src/ingest). If names are removed, all headers are read first, because a value that one instance names may
 * occur in a text of another (deid/companions.ts).
 */
import { keysOfPatients, type PatientDomain } from '#shared/deid/patient-key.ts';
import { noteNamed, type NamedValue, type StudyNames } from '#shared/deid/text/named-value.ts';
import type { ByteSource } from '#shared/dicom/data-set.ts';
import {
  applyPolicy,
  ingestFile,
  isOfIndex,
  reportOf,
  sourceOf,
  summariseFile,
  type Applied,
  type DevicePolicy,
  type IngestOutcome,
} from '#shared/ingest/ingest-file.ts';
import { readBegunPatient, type BegunInstance } from '#shared/ingest/begun-instance.ts';
import { sentUidsOf } from '#shared/ingest/sent-uids.ts';
import { refusingUnreadable, type NotSent } from '#shared/ingest/refusing-unreadable.ts';
import { giveBack } from '#shared/give-back.ts';
import { sha256OfBytes } from '#shared/transfer/digest.ts';
import { sizeOf, type InstanceBytes } from '#shared/transfer/instance-bytes.ts';
import { toOwn } from '../../threads/thread.ts';
import type { FileForm } from '../../pipeline/stores/sent-file.store.ts';
import { listEntries, refusedUnread, type OpenableEntry, type PlacedFile } from './list-entries.ts';
import type { NotTaken, OpenedInstance, PlacedInstance } from './open-talk.ts';

export type Opening = {
  readonly form: FileForm;
  readonly policy: DevicePolicy;
  /** The same policy, for the UIDs of rejected instances; absent: nobody needs those. */
  readonly unsent?: DevicePolicy;
  /** Entries that terminated a thread before, by position. They are refused without being read. */
  readonly fatal: ReadonlySet<number>;
  /** Called before an entry is read. Resolves once this many bytes of it may be held. False: the turn is over. */
  readonly begin: (entry: number, bytes: number) => Promise<boolean>;
  readonly take: (opened: OpenedInstance) => Promise<void>;
  /** For instances whose digest is known; absent: no entry has a known digest. */
  readonly takePlaced?: (placed: PlacedInstance) => Promise<void>;
  /** `of`: the instance as it would have been sent. */
  readonly leave: (entry: NotTaken, of?: BegunInstance) => Promise<void>;
  readonly signal: AbortSignal;
};

/** The position where a turn ended, and what was found up to there, for the next turn. */
type Paused = {
  /** If names are removed, each entry takes two steps. */
  readonly step: number;
  /** The names in the headers read so far, by study. */
  readonly studies: ReadonlyMap<string, StudyNames>;
  /** The keys of patients, by study. */
  readonly patients: ReadonlyMap<string, string>;
};

/** Returns null when nothing is left to open. Throws whatever `take`, `leave` and reading throw. */
export async function openFile(file: ByteSource, opening: Opening, from?: Paused): Promise<Paused | null> {
  const { form, signal } = opening;
  const entries = (await listEntries(file, form, signal)).map(
    (entry): OpenableEntry =>
      opening.fatal.has(entry.entry) ? refusedUnread(entry.entry, 'cannot-be-opened') : entry,
  );
  return openEntries(entries, opening, from);
}

/** Opens each entry, twice if names are removed. Throws whatever `take`, `leave` and reading throw. */
export async function openEntries(
  entries: readonly OpenableEntry[],
  opening: Opening,
  from?: Paused,
): Promise<Paused | null> {
  const { policy, signal, begin } = opening;
  const gathered: Gathered = { studies: new Map(from?.studies), patients: new Map(from?.patients) };
  const toGather = policy.kind === 'deidentified' ? entries.length : 0;
  const named: Named = { companions: listEach(gathered.studies), patients: gathered.patients };
  for (let step = from?.step ?? 0; step < toGather + entries.length; step += 1) {
    signal.throwIfAborted();
    const entry = entries[step % entries.length]!;
    if (entry.kind === 'entry' && !(await begin(entry.entry, entry.bytes))) return { ...gathered, step };
    if (step >= toGather) await openEntry(entry, named, opening);
    else if (policy.kind === 'deidentified')
      await gatherNames(entry, gathered, opening, policy.rules.patientDomain);
  }
  return null;
}

type Gathered = {
  readonly studies: Map<string, StudyNames>;
  readonly patients: Map<string, string>;
};
type Named = Pick<Paused, 'patients'> & {
  readonly companions: (studyInstanceUID: string) => readonly NamedValue[];
};

/** Returns the same list for a study each time, because results derived from it are cached. */
function listEach(studies: ReadonlyMap<string, StudyNames>): Named['companions'] {
  const lists = new Map<string, readonly NamedValue[]>();
  return (study) => {
    const list = lists.get(study) ?? [...(studies.get(study)?.values() ?? [])];
    lists.set(study, list);
    return list;
  };
}

async function gatherNames(
  entry: OpenableEntry,
  { studies, patients }: Gathered,
  { form, signal }: Opening,
  domain: PatientDomain,
): Promise<void> {
  if (entry.kind === 'refused') return;
  const said = await refusingUnreadable(signal, async () => {
    const bytes = await entry.open(signal);
    return summariseFile(bytes, isArchive(form), 'deidentified', signal).finally(() => forget(bytes));
  });
  if (said.kind !== 'summary') return;
  const { studyInstanceUID } = said.identifiers;
  const names: StudyNames = studies.get(studyInstanceUID) ?? new Map();
  studies.set(studyInstanceUID, names);
  noteNamed(names, said.named);
  patients.set(studyInstanceUID, keysOfPatients(said.patients, domain, studyInstanceUID)[0]!);
}

/**
 * Entries of an archive that are not instances are skipped, as in a folder: texts, pictures, or the viewer program of
 * a disc.
 */
const isArchive = ({ kind }: FileForm): boolean => kind === 'archive';

async function openEntry({ entry, ...found }: OpenableEntry, named: Named, opening: Opening): Promise<void> {
  const { leave, signal } = opening;
  if (found.kind === 'refused') return leave({ entry, state: 'refused', reason: found.because });
  const bytes = await refusingUnreadable(signal, () => found.open(signal));
  if ('kind' in bytes) return leave({ entry, ...reasonOf(bytes) });
  return openRead({ entry, bytes }, named, opening).finally(() => forget(bytes));
}

/**
 * Frees the memory of an entry at once. Until the garbage collector freed it, it would add to that of the next entry.
 */
function forget(bytes: AnyFile): void {
  // The memory of an entry that was taken unchanged has been transferred with it.
  if (bytes instanceof Uint8Array && !bytes.buffer.detached) giveBack(bytes);
}

async function openRead(
  { entry, bytes }: Entry<{ readonly bytes: AnyFile }>,
  named: Named,
  opening: Opening,
): Promise<void> {
  const { form, policy, take, signal } = opening;
  if (await isOfAnother(bytes, opening))
    return leaveNamed({ entry, state: 'refused', reason: 'manifest-mismatch' }, bytes, named, opening);
  if ('place' in bytes) return openPlaced({ entry, file: bytes }, named, opening);
  const { companions } = named;
  const outcome = await ingestFile(bytes, { policy, inFolder: isArchive(form), companions }, signal);
  if (outcome.kind !== 'ready') return leaveOut({ entry, bytes }, outcome, named, opening);
  if (outcome.instance.bytes !== bytes) forget(bytes);
  return take({ entry, ...(await toOpened(outcome, policy)) });
}

type Entry<T> = { readonly entry: number } & T;
type AnyFile = Uint8Array<ArrayBuffer> | PlacedFile;

async function leaveOut(
  { entry, bytes }: Entry<{ readonly bytes: AnyFile }>,
  outcome: NotSent,
  named: Named,
  opening: Opening,
): Promise<void> {
  return leaveNamed({ entry, ...reasonOf(outcome) }, bytes, named, opening);
}

/** Reports rejected instances under the UIDs under which they would be sent. */
async function leaveNamed(left: NotTaken, bytes: AnyFile, named: Named, opening: Opening): Promise<void> {
  const { begun, sent } = await asSent(bytes, named, opening);
  const uids = sent && { sopInstanceUID: sent.sopInstanceUID, sopClassUID: begun?.sopClassUID };
  const of = left.state === 'skipped' ? undefined : sent;
  await opening.leave({ ...left, ...uids }, of);
}

/** If the policy leaves an instance unchanged, it is sent from the file, and only its header is read. */
async function openPlaced(
  { entry, file }: Entry<{ readonly file: PlacedFile }>,
  named: Named,
  opening: Opening,
): Promise<void> {
  const { form, policy, take, takePlaced, signal } = opening;
  const applied = await applyPolicy(file, { policy, inFolder: isArchive(form) }, signal);
  if (applied.kind !== 'applied') return leaveOut({ entry, bytes: file }, applied, named, opening);
  const { bytes } = applied;
  if (bytes === file)
    return takePlaced?.({ entry, ...describePlaced(applied, file.digest), place: file.place });
  // The file lacked File Meta Information, which was added.
  const own = toOwn(bytes as Uint8Array);
  await take({ entry, ...describePlaced(applied, await sha256OfBytes(own)), bytes: own });
}

function describePlaced(
  {
    identifiers,
    transferSyntaxUID,
    triage,
    described,
    showsFace,
    bytes,
  }: Applied<InstanceBytes | PlacedFile>,
  digest: string,
): Omit<PlacedInstance, 'entry' | 'place'> {
  const { studyInstanceUID, seriesInstanceUID, sopInstanceUID, sopClassUID } = identifiers;
  return {
    studyInstanceUID,
    instance: {
      ...{ sopInstanceUID, seriesInstanceUID, sopClassUID, transferSyntaxUID, digest },
      bytes: bytes instanceof Uint8Array ? bytes.length : bytes.size,
      ...(triage === null ? {} : { triage }),
    },
    ...{ report: null, vault: null, described, showsFace },
  };
}

type AsSent = { readonly begun?: BegunInstance | undefined; readonly sent?: BegunInstance | undefined };

/**
 * The instance as in the file, and as it would have been sent, even for a damaged file whose beginning is readable.
 */
async function asSent(
  bytes: AnyFile,
  { patients }: Named,
  { form, unsent, signal }: Opening,
): Promise<AsSent> {
  if (unsent === undefined) return {};
  const said = await refusingUnreadable(signal, () =>
    summariseFile(bytes, isArchive(form), unsent.kind, signal),
  );
  const begun = said.kind === 'summary' ? said.identifiers : said.kind === 'refused' ? said.begun : undefined;
  if (begun === undefined) return {};
  const patient = patients.get(begun.studyInstanceUID) ?? (await patientIn(bytes, begun, { unsent, signal }));
  return { begun, sent: await sentUidsOf(begun, patient, unsent) };
}

/** The key of the patient of a damaged file, if no other file of its study came with it. */
async function patientIn(
  bytes: AnyFile,
  { studyInstanceUID }: BegunInstance,
  { unsent, signal }: Pick<Opening, 'unsent' | 'signal'>,
): Promise<string | undefined> {
  if (unsent?.kind !== 'deidentified') return undefined;
  const said = await refusingUnreadable(signal, () => readBegunPatient(sourceOf(bytes), signal));
  if (said === null || 'kind' in said) return undefined;
  return keysOfPatients([said], unsent.rules.patientDomain, studyInstanceUID)[0];
}

/** The index of a disc is not sent, which is not an error. */
function reasonOf(said: NotSent): Pick<NotTaken, 'state' | 'reason'> {
  return { state: isOfIndex(said) ? 'skipped' : said.kind, reason: said.because };
}

/** PS3.18 §10.5.1: a request that names a study may only contain instances of that study. */
async function isOfAnother(bytes: AnyFile, { form, signal }: Opening): Promise<boolean> {
  if (form.kind !== 'parts' || form.studyInstanceUID === null) return false;
  const said = await summariseFile(bytes, false, 'identified', signal);
  return said.kind === 'summary' && said.identifiers.studyInstanceUID !== form.studyInstanceUID;
}

async function toOpened(
  { instance, report, triage, vault, described, showsFace }: Extract<IngestOutcome, { kind: 'ready' }>,
  policy: DevicePolicy,
): Promise<Omit<OpenedInstance, 'entry'>> {
  const { studyInstanceUID, bytes, originalDigest } = instance;
  const { sopInstanceUID, seriesInstanceUID, sopClassUID, transferSyntaxUID, digest } = instance;
  return {
    studyInstanceUID,
    instance: {
      ...{ sopInstanceUID, seriesInstanceUID, sopClassUID, transferSyntaxUID, digest },
      bytes: sizeOf(bytes),
      ...(originalDigest === null ? {} : { originalDigest }),
      ...(triage === null ? {} : { triage }),
    },
    report: await reportOf(policy, report),
    vault,
    described,
    showsFace,
    bytes: bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : toOwn(bytes),
  };
}
