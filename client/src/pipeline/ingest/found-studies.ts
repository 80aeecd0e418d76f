/**
 * Files become studies: groups what was read by study and series, and points out what a person should see before Send. Plain values,
 * no signals: the store shows snapshots of it.
 */
import { MANIFEST_INSTANCE_LIMIT } from '#shared/protocol/limits.ts';
import type { InstanceDescription } from '#shared/dicom/describe-instance.ts';
import type { CollectedFile } from './collect-files.ts';
import type { StudyWarning } from './found.ts';
import type { FileSummary } from './ingest-file.ts';

/** A file that can be sent. */
export interface FoundFile {
  readonly file: CollectedFile;
  /** Its place among all files that were chosen. */
  readonly ordinal: number;
  readonly sopInstanceUID: string;
  readonly instanceNumber: number | null;
}

export interface SeriesGroup {
  readonly seriesInstanceUID: string;
  readonly description: InstanceDescription;
  readonly files: FoundFile[];
  bytes: number;
}

export interface StudyGroup {
  readonly studyInstanceUID: string;
  readonly description: InstanceDescription;
  readonly series: Map<string, SeriesGroup>;
  readonly modalities: Set<string>;
  readonly warnings: Set<StudyWarning>;
  readonly sopInstanceUIDs: Set<string>;
  readonly patient: string;
  instances: number;
  bytes: number;
}

export interface Gathering {
  readonly studies: ReadonlyMap<string, StudyGroup>;
  add(summary: FileSummary, file: CollectedFile, ordinal: number): void;
  remove(studyInstanceUID: string): void;
  clear(): void;
}

export function createGathering(): Gathering {
  const studies = new Map<string, StudyGroup>();
  return {
    studies,
    add(summary, file, ordinal) {
      const { description, identifiers } = summary;
      const study = studies.get(identifiers.studyInstanceUID) ?? newStudy(identifiers.studyInstanceUID, description);
      studies.set(study.studyInstanceUID, study);
      addInstance(study, summary, file, ordinal);
      pointOutPatients(studies);
    },
    remove(studyInstanceUID) {
      studies.delete(studyInstanceUID);
      pointOutPatients(studies);
    },
    clear: () => studies.clear(),
  };
}

function newStudy(studyInstanceUID: string, description: InstanceDescription): StudyGroup {
  return {
    studyInstanceUID, description, series: new Map(), modalities: new Set(), warnings: new Set(), sopInstanceUIDs: new Set(),
    patient: patientOf(description), instances: 0, bytes: 0,
  };
}

function addInstance(study: StudyGroup, summary: FileSummary, file: CollectedFile, ordinal: number): void {
  const { description, identifiers, warnings } = summary;
  const series = study.series.get(identifiers.seriesInstanceUID)
    ?? { seriesInstanceUID: identifiers.seriesInstanceUID, description, files: [], bytes: 0 };
  study.series.set(series.seriesInstanceUID, series);
  series.files.push({ file, ordinal, sopInstanceUID: identifiers.sopInstanceUID, instanceNumber: description.instanceNumber });
  series.bytes += file.bytes;
  study.bytes += file.bytes;
  study.instances += 1;
  if (description.modality) study.modalities.add(description.modality);
  for (const warning of warnings) study.warnings.add(warning);
  if (study.sopInstanceUIDs.has(identifiers.sopInstanceUID)) study.warnings.add('duplicates');
  study.sopInstanceUIDs.add(identifiers.sopInstanceUID);
  if (patientOf(description) !== study.patient) study.warnings.add('patients-differ');
  if (summary.saysBurnedIn) study.warnings.add('burned-in');
  if (study.instances > MANIFEST_INSTANCE_LIMIT) study.warnings.add('too-many-instances');
}

/** Who it is, for the question whether two studies belong to one person; spelling of the name's case does not matter. */
function patientOf(description: InstanceDescription): string {
  return `${description.patientId?.trim() ?? ''}\n${description.patientName?.trim().toUpperCase() ?? ''}`;
}

/** Two patients in one folder are the mistake that nobody notices until the wrong chart is open. */
function pointOutPatients(studies: ReadonlyMap<string, StudyGroup>): void {
  const patients = new Set([...studies.values()].map((study) => study.patient));
  for (const study of studies.values()) {
    if (patients.size > 1) study.warnings.add('two-patients');
    else study.warnings.delete('two-patients');
  }
}

/** 16 MiB: a tus upload that is lost costs little, and its headers weigh nothing; larger instances travel alone. */
const PARCEL_BYTES = 16 * 1024 * 1024;
const PARCEL_INSTANCES = 2_000;

/** How a study is cut into parcels: files of one series, in order; files that claim one SOP Instance UID stay together. */
export function planParcels(study: StudyGroup): readonly (readonly FoundFile[])[] {
  const parcels: FoundFile[][] = [];
  for (const series of study.series.values()) {
    const bySopInstance = new Map<string, FoundFile[]>();
    for (const found of series.files.toSorted((a, b) => a.ordinal - b.ordinal)) {
      bySopInstance.set(found.sopInstanceUID, [...(bySopInstance.get(found.sopInstanceUID) ?? []), found]);
    }
    let parcel: FoundFile[] = [];
    let bytes = 0;
    for (const group of bySopInstance.values()) {
      const size = group.reduce((sum, found) => sum + found.file.bytes, 0);
      if (parcel.length > 0 && (bytes + size > PARCEL_BYTES || parcel.length >= PARCEL_INSTANCES)) {
        parcels.push(parcel);
        parcel = [];
        bytes = 0;
      }
      parcel.push(...group);
      bytes += size;
    }
    if (parcel.length > 0) parcels.push(parcel);
  }
  return parcels;
}
