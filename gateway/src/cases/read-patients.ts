/** Asks the PACS for the patients of studies, for one answer. Only a keyed hash of the Patient ID is stored. */
import type { CasePatients } from '#shared/protocol/cases.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { PacsUnreachable, type DescribedStudy, type Pacs, type StudyKey } from '../ports/pacs/pacs.ts';

type SearchTools = { readonly pacs: Pick<Pacs, 'searchStudies'> };

/** How long a person on a page waits for the PACS. */
const PATIENCE_MS = 10_000;
/** The most studies of one patient, or under one accession number, that are read. */
export const FOUND_LIMIT = 50;

/** @throws Problem pacs-unreachable; pacs-without-dicomweb: for a search by name. */
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
 * Patients in the order of the studies. All values are null if the PACS does not know the study, or lists it under
 * several patients, because it is then unknown whose images the case has.
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

/** Throws the same as `listStudyRows`. */
export const readPatients = async (
  tools: SearchTools,
  studyInstanceUIDs: readonly string[],
): Promise<CasePatients['studies']> =>
  patientsIn(studyInstanceUIDs, await listStudyRows(tools, studyInstanceUIDs));

/**
 * Reduces the PACS's rows for a study to one. Undefined: there are no rows, or they name several patients, as in an
 * Orthanc after somebody sent images of another patient under the same UID.
 */
export const ofOnePatient = (rows: readonly DescribedStudy[]): DescribedStudy | undefined =>
  rows.length === 1 || isOnePatient(rows) ? rows[0] : undefined;

/**
 * Whether the PACS says that all these studies are of one patient. Equal Patient IDs count only under the same issuer.
 */
export function isOnePatient(studies: readonly DescribedStudy[]): boolean {
  const [first] = studies;
  return studies.every(
    ({ patientId, issuer }) =>
      patientId !== null && patientId === first?.patientId && issuer === first.issuer,
  );
}
