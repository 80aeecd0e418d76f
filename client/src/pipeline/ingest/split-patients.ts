/**
 * Patients of a found study. Pseudonyms are made for each patient apart, so instances of one study that name several
 * become a study for each.
 */
import { keysOfPatients, type PatientDomain } from '#shared/deid/patient-key.ts';
import type { FoundFile, SeriesGroup, StudyGroup } from './group-studies.ts';

/** The patients whom a file of the study names, by key, its own first. */
export function patientsOfFile(
  { patients }: FoundFile,
  domain: PatientDomain,
  { studyInstanceUID }: Pick<StudyGroup, 'studyInstanceUID'>,
): string[] {
  return keysOfPatients(patients, domain, studyInstanceUID);
}

/** Every patient whom an instance of the study names, by key; each once. */
export function patientsOfStudy(study: StudyGroup, domain: PatientDomain): string[] {
  const files = [...study.series.values()].flatMap((series) => series.files);
  return [...new Set(files.flatMap((file) => patientsOfFile(file, domain, study)))];
}

/** The study itself where all its instances are of one patient, as nearly always. */
export function splitByPatient(study: StudyGroup, domain: PatientDomain): readonly StudyGroup[] {
  const ofPatient = (file: FoundFile) => patientsOfFile(file, domain, study)[0]!;
  const files = [...study.series.values()].flatMap((series) => series.files);
  const patients = [...new Set(files.map(ofPatient))];
  if (patients.length <= 1) return [study];
  return patients.map((patient) => partOf(study, (file) => ofPatient(file) === patient));
}

function partOf(study: StudyGroup, isMeant: (file: FoundFile) => boolean): StudyGroup {
  const series = [...study.series.values()]
    .map((each): SeriesGroup => {
      const files = each.files.filter(isMeant);
      return { ...each, files, bytes: files.reduce((sum, { file }) => sum + file.bytes, 0) };
    })
    .filter(({ files }) => files.length > 0);
  const description = series[0]!.description;
  const { id } = series[0]!.files[0]!.patients[0]!;
  const isTheirs = (description.patientId?.trim() ?? '') === id;
  return {
    ...study,
    // A series may name several patients too: no name is shown that may be somebody else's.
    description: isTheirs ? description : { ...description, patientId: id, patientName: null },
    series: new Map(series.map((each) => [each.seriesInstanceUID, each])),
    held: study.held.filter(isMeant),
    instances: series.reduce((sum, { files }) => sum + files.length, 0),
    bytes: series.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
