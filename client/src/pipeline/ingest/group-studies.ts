/**
 * Groups the files that were read by study and series, and notes warnings that a person should see before Send.
 * Plain values, no signals: the store shows snapshots of them.
 */
import { MANIFEST_INSTANCE_LIMIT } from '#shared/protocol/limits.ts';
import { mayShowFace } from '#shared/deid/recognizable-features.ts';
import type { ReasonCode, WarningCode } from '#shared/protocol/reasons.ts';
import type { InstanceDescription } from '#shared/dicom/describe-instance.ts';
import type { ReadFile } from './collect-files.ts';
import type { FileSummary } from './ingest-file.ts';

/** `two-patients`: another study in the selection has another patient; `patients-differ`: within the study. */
export type StudyWarning =
  | 'two-patients'
  | 'patients-differ'
  | 'duplicates'
  | 'burned-in'
  | 'face'
  | 'too-many-instances'
  | WarningCode;

/** A file that can be sent. */
export interface FoundFile {
  readonly file: ReadFile;
  /** Its place among all chosen files. */
  readonly ordinal: number;
  readonly sopInstanceUID: string;
  readonly instanceNumber: number | null;
  readonly frames: number;
  /** Why no de-identifying policy can make it safe; null where one can. */
  readonly held: ReasonCode | null;
}

export interface SeriesGroup {
  readonly seriesInstanceUID: string;
  readonly description: InstanceDescription;
  readonly files: FoundFile[];
  bytes: number;
}

export interface StudyGroup {
  /** Random, so that it may be part of an address. */
  readonly id: string;
  readonly studyInstanceUID: string;
  readonly description: InstanceDescription;
  readonly series: Map<string, SeriesGroup>;
  readonly modalities: Set<string>;
  readonly warnings: Set<StudyWarning>;
  readonly sopInstanceUIDs: Set<string>;
  /** Files of the study that are held back under a policy that de-identifies. */
  readonly held: FoundFile[];
  readonly patient: string;
  instances: number;
  bytes: number;
  /** Grows with each change, so that an unchanged study is not drawn again. */
  version: number;
}

export interface Gathering {
  readonly studies: ReadonlyMap<string, StudyGroup>;
  add(summary: FileSummary, file: ReadFile, ordinal: number): void;
  remove(studyInstanceUID: string): void;
  clear(): void;
}

export function createGathering(createId: () => string): Gathering {
  const studies = new Map<string, StudyGroup>();
  /** Studies per patient, counted: ten thousand studies cannot be searched for each file. */
  const patients = new Map<string, number>();

  function countPatient(patient: string, by: 1 | -1): void {
    const wereSeveral = patients.size > 1;
    const count = (patients.get(patient) ?? 0) + by;
    if (count > 0) patients.set(patient, count);
    else patients.delete(patient);
    if (patients.size > 1 !== wereSeveral) for (const study of studies.values()) pointOutPatients(study);
  }

  /** Two patients in one folder: a mistake that nobody notices until the wrong chart is open. */
  function pointOutPatients(study: StudyGroup): void {
    if (patients.size > 1) study.warnings.add('two-patients');
    else study.warnings.delete('two-patients');
    study.version += 1;
  }

  return {
    studies,
    add(summary, file, ordinal) {
      const { description, identifiers } = summary;
      const known = studies.get(identifiers.studyInstanceUID);
      const study = known ?? newStudy(createId(), identifiers.studyInstanceUID, description);
      if (!known) {
        studies.set(study.studyInstanceUID, study);
        countPatient(study.patient, 1);
        pointOutPatients(study);
      }
      addInstance(study, summary, file, ordinal);
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
    sopInstanceUIDs: new Set(),
    held: [],
    patient: patientOf(description),
    instances: 0,
    bytes: 0,
    version: 0,
  };
}

function addInstance(study: StudyGroup, summary: FileSummary, file: ReadFile, ordinal: number): void {
  const { description, identifiers, held, warnings } = summary;
  const series = study.series.get(identifiers.seriesInstanceUID) ?? {
    seriesInstanceUID: identifiers.seriesInstanceUID,
    description,
    files: [],
    bytes: 0,
  };
  study.series.set(series.seriesInstanceUID, series);
  const found: FoundFile = {
    file,
    ordinal,
    sopInstanceUID: identifiers.sopInstanceUID,
    instanceNumber: description.instanceNumber,
    frames: description.frames,
    held,
  };
  series.files.push(found);
  if (held !== null) study.held.push(found);
  series.bytes += file.bytes;
  study.bytes += file.bytes;
  study.instances += 1;
  study.version += 1;
  if (description.modality) study.modalities.add(description.modality);
  for (const warning of warnings) study.warnings.add(warning);
  if (study.sopInstanceUIDs.has(identifiers.sopInstanceUID)) study.warnings.add('duplicates');
  study.sopInstanceUIDs.add(identifiers.sopInstanceUID);
  if (patientOf(description) !== study.patient) study.warnings.add('patients-differ');
  if (held === 'burned-in-annotation') study.warnings.add('burned-in');
  if (mayShowFace(description)) study.warnings.add('face');
  if (study.instances > MANIFEST_INSTANCE_LIMIT) study.warnings.add('too-many-instances');
}

/** Equal for two studies of one person; the case of letters in the name does not matter. */
function patientOf(description: InstanceDescription): string {
  return `${description.patientId?.trim() ?? ''}\n${description.patientName?.trim().toUpperCase() ?? ''}`;
}
