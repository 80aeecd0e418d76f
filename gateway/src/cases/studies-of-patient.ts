/** The studies that the PACS has under a Patient ID, a name or an accession number, whoever sent them. */
import { Problem } from '#shared/protocol/problem.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { searchByPatient, STUDIES_LIMIT, type PatientStudies } from './find-by-patient.ts';
import { searchStudies } from './read-patients.ts';

/** Searches for a patient's studies. Both functions throw Problem pacs-unreachable, pacs-without-dicomweb. */
type StudiesOfPatient = {
  /** The Study Instance UIDs under this Patient ID. */
  readonly numbered: (patientId: string) => Promise<readonly string[]>;
  /** Studies under this name, Patient ID or accession number. */
  readonly namedOrNumbered: (patient: string) => Promise<PatientStudies>;
};

export function createStudiesOfPatient(
  primary: () => Promise<Pick<Pacs, 'web' | 'searchStudies'>>,
): StudiesOfPatient {
  const pacs: Pick<Pacs, 'searchStudies'> = {
    async searchStudies(...asked) {
      const searched = await primary();
      // A PACS that does not support this search would return nothing, which must not be taken for "no studies".
      if (searched.web === undefined) throw new Problem('pacs-without-dicomweb');
      return searched.searchStudies(...asked);
    },
  };
  return {
    async numbered(patientId) {
      const found = await searchStudies({ pacs }, { patientId }, STUDIES_LIMIT);
      return found.map(({ studyInstanceUID }) => studyInstanceUID);
    },
    namedOrNumbered: (patient) => searchByPatient({ pacs }, patient),
  };
}
