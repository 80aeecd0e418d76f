/** The patients of studies, asked of the PACS for one answer. Only a keyed hash of the Patient ID is kept. */
import type { CasePatients } from '#shared/protocol/cases.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { PacsUnreachable, type DescribedStudy, type Pacs, type StudyKey } from '../ports/pacs/pacs.ts';

type SearchTools = { readonly pacs: Pick<Pacs, 'searchStudies'> };

/** How long a person on a page waits for the PACS. */
const PATIENCE_MS = 10_000;
/** Studies of one patient, or under one accession number. */
export const FOUND_LIMIT = 50;

/** @throws Problem pacs-unreachable; pacs-without-dicomweb for a name. */
export async function searchStudies(
  { pacs }: SearchTools,
  key: StudyKey,
  limit = FOUND_LIMIT,
): Promise<readonly DescribedStudy[]> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    return await pacs.searchStudies(key, limit, patience);
  } catch (error) {
    if (error instanceof PacsUnreachable || patience.aborted) throw new Problem('pacs-unreachable');
    throw error;
  }
}

/** The rows under which the PACS lists each study. @throws Problem pacs-unreachable. */
export const listStudyRows = (
  tools: SearchTools,
  studyInstanceUIDs: readonly string[],
): Promise<readonly (readonly DescribedStudy[])[]> =>
  Promise.all(studyInstanceUIDs.map((studyInstanceUID) => searchStudies(tools, { studyInstanceUID })));

/**
 * In the order of the studies, by their rows. One of which the PACS says nothing is all null; so is one that it lists
 * under several patients: nobody can say which of them the images of the case are of.
 */
export function patientsIn(
  studyInstanceUIDs: readonly string[],
  rows: readonly (readonly DescribedStudy[])[],
): CasePatients['studies'] {
  return studyInstanceUIDs.map((studyInstanceUID, at) => {
    const found = ofOnePatient(rows[at] ?? []);
    return {
      studyInstanceUID,
      patientName: found?.patientName ?? null,
      patientId: found?.patientId ?? null,
      issuer: found?.issuer ?? null,
      birthDate: found?.birthDate ?? null,
      sex: found?.sex ?? null,
      accessionNumber: found?.accessionNumber ?? null,
      studyDate: found?.studyDate ?? null,
      description: found?.description ?? null,
    };
  });
}

/** @throws as `listStudyRows`. */
export const readPatients = async (
  tools: SearchTools,
  studyInstanceUIDs: readonly string[],
): Promise<CasePatients['studies']> =>
  patientsIn(studyInstanceUIDs, await listStudyRows(tools, studyInstanceUIDs));

/**
 * One study by the rows under which the PACS lists it. Undefined: there are none, or of several patients; an Orthanc
 * lists a study so once somebody has sent images of another patient under its UID.
 */
export const ofOnePatient = (rows: readonly DescribedStudy[]): DescribedStudy | undefined =>
  rows.length === 1 || isOnePatient(rows) ? rows[0] : undefined;

/** Whether the PACS says that all of these are of one patient. A Patient ID alone counts under one issuer. */
export function isOnePatient(studies: readonly DescribedStudy[]): boolean {
  const [first] = studies;
  return studies.every(
    ({ patientId, issuer }) =>
      patientId !== null && patientId === first?.patientId && issuer === first.issuer,
  );
}
