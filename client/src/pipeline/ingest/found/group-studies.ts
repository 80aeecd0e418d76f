/**
 * Groups the files that were read by study and series, and notes warnings that a person should see before Send. These
 * are plain values without signals: the store displays snapshots of them.
 */
import { trimEnd } from '#shared/trim-end.ts';
import { MANIFEST_INSTANCE_LIMIT } from '#shared/protocol/limits.ts';
import type { Box } from '#shared/dicom/boxes.ts';
import type { NamingText } from '#shared/deid/companions.ts';
import type { NamedPatient } from '#shared/deid/patient-key.ts';
import type { HoldCause } from '#shared/deid/hold-causes.ts';
import { mayShowFace } from '#shared/deid/recognizable-features.ts';
import { isIrregularity } from '#shared/protocol/irregularities.ts';
import type { ReasonCode, WarningCode } from '#shared/protocol/reasons.ts';
import { noteNamed, type NamedValue, type StudyNames } from '#shared/deid/text/named-value.ts';
import type { InstanceDescription } from '#shared/dicom/describe-instance.ts';
import type { CollectedFile, ReadFile } from '../choose/collect-files.ts';
import type { FileSummary } from '#shared/ingest/ingest-file.ts';

/**
 * For files with one UID: `chosen-twice`: they have the same bytes; `same-uid-differs`: they have different bytes;
 * `duplicates`: they have the same size and are not compared yet. `two-patients`: another study in the selection has
 * another patient; `patients-differ`: the study itself names several patients; `connect-to-prepare`: the gateway was
 * needed for pseudonyms and was not reached.
 */
export type StudyWarning =
  | 'two-patients'
  | 'patients-differ'
  | 'duplicates'
  | 'chosen-twice'
  | 'same-uid-differs'
  | 'burned-in'
  | 'undeclared-text'
  | 'named-by-companion'
  | 'face'
  | 'connect-to-prepare'
  | 'too-many-instances'
  | WarningCode;

/** Two files with one UID that may be copies of each other. */
export type Pair = readonly [CollectedFile, CollectedFile];

/** The reason that a policy gave for an instance when it was applied. */
interface Unready {
  readonly policy: string;
  readonly deidentify: boolean;
  readonly reason: ReasonCode;
}

/** `under`: the version of the policy under which the file was recognised. */
interface Decided {
  readonly under: string;
  readonly as: 'in-pacs' | 'left-out';
  /** True if the decision was made on this page, before Send. */
  readonly isOfNow?: true;
  /** The boxes over the image in the PACS, if this device still knows them (kept-decisions.ts). */
  readonly boxes?: readonly Box[];
}

/** A file that can be sent. */
export interface FoundFile {
  readonly file: ReadFile;
  /** The file's position among all chosen files. */
  readonly ordinal: number;
  readonly sopInstanceUID: string;
  readonly instanceNumber: number | null;
  readonly frames: number;
  /** The causes that may hold it back. The policy in force decides whether they do (held-back.ts). */
  readonly held: readonly HoldCause[];
  /**
   * Texts of the file that contain values found only in the headers of the study's other files, once they were found
   * (hold-companions.ts).
   */
  readonly naming: readonly NamingText[];
  /** Why Send could not make it safe, if that is not evident from its header (hold-unready.ts). */
  readonly unready?: readonly Unready[];
  /** The decision that a person made about it before (recognise-decided.ts). */
  readonly decided?: Decided;
  /** Set if the PACS had the file and no longer has it: when it was sent at the time, in milliseconds since 1970. */
  readonly goneSince?: number;
  /** True if it is known before Send that no queued entry of its study contains anything of its patient. */
  isNew?: true;
  /** True if it is known before Send that a queued entry of its study counts it as left out. */
  wasLeftOut?: true;
  /** The patients that it names, the instance's own patient first (deid/patient-key.ts). */
  readonly patients: readonly NamedPatient[];
  /** The instance's own patient; files of one patient share the object. */
  readonly person: Person;
}

declare const seen: unique symbol;
/**
 * A file that a person may release, because everything they must see of it was on the screen
 * (deid/what-to-look-at.ts).
 */
export type SeenFile = FoundFile & { readonly [seen]: true };

export interface SeriesGroup {
  readonly seriesInstanceUID: string;
  readonly description: InstanceDescription;
  readonly files: FoundFile[];
  bytes: number;
}

export interface StudyGroup {
  /** A random id, which may be part of an address. */
  readonly id: string;
  readonly studyInstanceUID: string;
  readonly description: InstanceDescription;
  readonly series: Map<string, SeriesGroup>;
  readonly modalities: Set<string>;
  readonly warnings: Set<StudyWarning>;
  /** The first file with each SOP Instance UID. */
  readonly sopInstanceUIDs: Map<string, ReadFile>;
  /** Files with one UID and one size that are still to be compared (compare-copies.ts). */
  readonly unsettled: Pair[];
  /** Files of the study that some policy holds back. */
  readonly held: FoundFile[];
  readonly patient: string;
  /** The patients that its instances name as their own. More than one is a mistake. */
  readonly people: Map<string, Person>;
  /** The keys of the parts (patients-of-study.ts) that a person has decided to send, each under its own patient. */
  readonly settled: ReadonlySet<string>;
  /** Files of patients whom a person left out, by series. */
  readonly leftOut: ReadonlyMap<string, SeriesGroup>;
  /** Series that a person does not send, with all their files. Nothing else of the study counts them. */
  readonly unticked: ReadonlyMap<string, SeriesGroup>;
  /** The distinct lists of patients in its files: ten thousand instances share one or two. */
  readonly patients: Map<string, readonly NamedPatient[]>;
  /** The values that its instances name; only in this page's memory. */
  readonly names: StudyNames;
  /** The lists that are already part of `names`. Files with equal headers share one list from the worker. */
  readonly heard: WeakSet<readonly NamedValue[]>;
  instances: number;
  bytes: number;
  /** Duplicates, with the same bytes, of files that were chosen before. They are counted only here. */
  readonly copies?: number;
  /** Increases with each change, so that an unchanged study is not rendered again. */
  version: number;
}

/** A patient as named in a header; either field may be empty. */
export interface NamedPerson {
  readonly name: string;
  readonly id: string;
}

export interface Person extends NamedPerson {
  /** The description of the patient's first instance in the study. */
  readonly description: InstanceDescription;
}

interface Gathering {
  readonly studies: ReadonlyMap<string, StudyGroup>;
  add(summary: FileSummary, file: ReadFile, ordinal: number): void;
  /** Adds a study that was read before. */
  put(study: StudyGroup): void;
  /** Replaces the study with the same Study Instance UID. */
  replace(study: StudyGroup): void;
  remove(studyInstanceUID: string): void;
  clear(): void;
}

export function createGathering(createId: () => string): Gathering {
  const studies = new Map<string, StudyGroup>();
  /** Counts studies per patient, because ten thousand studies cannot be searched for each file. */
  const patients = new Map<string, number>();

  function countPatient(patient: string, by: 1 | -1): void {
    const wereSeveral = patients.size > 1;
    const count = (patients.get(patient) ?? 0) + by;
    if (count > 0) patients.set(patient, count);
    else patients.delete(patient);
    if (patients.size > 1 !== wereSeveral) for (const study of studies.values()) pointOutPatients(study);
  }

  /** Several patients in one folder are a mistake that nobody notices until the wrong chart is open. */
  function pointOutPatients(study: StudyGroup): void {
    if (patients.size > 1) study.warnings.add('two-patients');
    else study.warnings.delete('two-patients');
    study.version += 1;
  }

  function put(study: StudyGroup): void {
    studies.set(study.studyInstanceUID, study);
    countPatient(study.patient, 1);
    pointOutPatients(study);
  }

  return {
    studies,
    add(summary, file, ordinal) {
      const { description, identifiers } = summary;
      const known = studies.get(identifiers.studyInstanceUID);
      const study = known ?? newStudy(createId(), identifiers.studyInstanceUID, description);
      if (!known) put(study);
      addInstance(study, summary, file, ordinal);
    },
    put,
    replace(study) {
      const before = studies.get(study.studyInstanceUID);
      put(study);
      if (before) countPatient(before.patient, -1);
    },
    remove(studyInstanceUID) {
      const study = studies.get(studyInstanceUID);
      if (!study) return;
      studies.delete(studyInstanceUID);
      countPatient(study.patient, -1);
    },
    clear() {
      studies.clear();
      patients.clear();
    },
  };
}

function newStudy(id: string, studyInstanceUID: string, description: InstanceDescription): StudyGroup {
  return {
    id,
    studyInstanceUID,
    description,
    series: new Map(),
    modalities: new Set(),
    warnings: new Set(),
    sopInstanceUIDs: new Map(),
    unsettled: [],
    held: [],
    patient: patientOf(description),
    people: new Map(),
    settled: new Set(),
    leftOut: new Map(),
    unticked: new Map(),
    patients: new Map(),
    names: new Map(),
    heard: new WeakSet(),
    instances: 0,
    bytes: 0,
    version: 0,
  };
}

function addInstance(study: StudyGroup, summary: FileSummary, file: ReadFile, ordinal: number): void {
  const { description, identifiers, held, warnings, patients } = summary;
  const unticked = study.unticked.get(identifiers.seriesInstanceUID);
  const series = unticked ?? seriesFor(study, identifiers.seriesInstanceUID, description);
  const found: FoundFile = {
    file,
    ordinal,
    sopInstanceUID: identifiers.sopInstanceUID,
    instanceNumber: description.instanceNumber,
    frames: description.frames,
    held,
    naming: [],
    patients: shared(study, patients),
    person: unticked ? personFor(study, description) : notePerson(study, description),
  };
  if (!study.heard.has(summary.named)) noteNamed(study.names, summary.named);
  study.heard.add(summary.named);
  series.files.push(found);
  series.bytes += file.bytes;
  study.version += 1;
  for (const warning of warnings) study.warnings.add(warning);
  noteSame(study, identifiers.sopInstanceUID, file);
  if (unticked) return;
  if (held.length > 0) study.held.push(found);
  study.bytes += file.bytes;
  study.instances += 1;
  if (description.modality) study.modalities.add(description.modality);
  const cause = textCauseOf(found);
  if (cause !== null) study.warnings.add(cause);
  if (mayShowFace(description)) study.warnings.add('face');
  if (study.instances > MANIFEST_INSTANCE_LIMIT) study.warnings.add('too-many-instances');
}

function seriesFor(
  { series: known }: StudyGroup,
  seriesInstanceUID: string,
  description: InstanceDescription,
): SeriesGroup {
  const series = known.get(seriesInstanceUID) ?? { seriesInstanceUID, description, files: [], bytes: 0 };
  known.set(seriesInstanceUID, series);
  return series;
}

/** The warning about text in the pixels of a file, if nothing else holds it. */
export function textCauseOf({ held }: Pick<FoundFile, 'held'>): 'burned-in' | 'undeclared-text' | null {
  const [cause, ...others] = held.filter((each) => !isIrregularity(each));
  return others.length === 0 && (cause === 'burned-in' || cause === 'undeclared-text') ? cause : null;
}

/**
 * Files with one UID but two sizes are two instances that claim the same UID, and the PACS can hold only one of them.
 */
function noteSame({ sopInstanceUIDs, unsettled, warnings }: StudyGroup, uid: string, file: ReadFile): void {
  const before = sopInstanceUIDs.get(uid);
  if (before === undefined) sopInstanceUIDs.set(uid, file);
  else if (before.bytes !== file.bytes) warnings.add('same-uid-differs');
  else {
    unsettled.push([before, file]);
    warnings.add('duplicates');
  }
}

function notePerson(study: StudyGroup, description: InstanceDescription): Person {
  const { people, warnings } = study;
  const person = personFor(study, description);
  people.set(patientOf(description), person);
  if (people.size > 1) warnings.add('patients-differ');
  return person;
}

const personFor = ({ people }: StudyGroup, description: InstanceDescription): Person =>
  people.get(patientOf(description)) ?? { ...personOf(description), description };

function shared({ patients: known }: StudyGroup, patients: readonly NamedPatient[]): readonly NamedPatient[] {
  const name = JSON.stringify(patients);
  const same = known.get(name) ?? patients;
  known.set(name, same);
  return same;
}

const personOf = ({ patientName, patientId }: InstanceDescription): NamedPerson => ({
  name: patientName ?? '',
  id: patientId ?? '',
});

const patientOf = (description: InstanceDescription): string => keyOfPerson(personOf(description));

/**
 * A key that is equal for two studies of one person. Letter case and empty parts at the end of the name are ignored.
 */
export function keyOfPerson({ name, id }: NamedPerson): string {
  return `${id.trim()}\n${trimEnd(name, '^ ').trim().toUpperCase()}`;
}
