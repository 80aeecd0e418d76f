/**
 * Finds cases by what a person typed. The PACS is asked who has this name, Patient ID or accession number, because the
 * database holds no names. A case that waits for its study is found by the keyed hash of the number that it expects.
 * Digits and dots are also looked for among the numbers of cases and the UIDs of their studies.
 */
import { Problem } from '#shared/protocol/problem.ts';
import { mayBePatient } from '#shared/protocol/typed-patient.ts';
import { recordAudit } from '../audit/audit.ts';
import type { DescribedStudy } from '../ports/pacs/pacs.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import type { CaseTools } from './case-tools.ts';
import { searchStudies } from './read-patients.ts';

/**
 * The most studies that each of the searches returns. If there are more, the person should type more of the name.
 */
export const STUDIES_LIMIT = 500;
/** The longest value of a Short String (PS3.5, 6.2). */
const ACCESSION_LENGTH = 16;

export type PatientStudies = {
  readonly studies: readonly DescribedStudy[];
  /** The result may be incomplete: the PACS may have more studies. */
  readonly isCut: boolean;
};

/**
 * Searches by name, by Patient ID and by accession number, and returns each study once. @throws Problem
 * pacs-unreachable, pacs-without-dicomweb.
 */
export async function searchByPatient(
  tools: Parameters<typeof searchStudies>[0],
  patient: string,
): Promise<PatientStudies> {
  const keys = [
    { patientName: patient },
    { patientId: patient },
    ...(patient.length <= ACCESSION_LENGTH ? [{ accessionNumber: patient }] : []),
  ];
  const found = await Promise.all(keys.map((key) => searchStudies(tools, key, STUDIES_LIMIT)));
  const studies = new Map(found.flat().map((study) => [study.studyInstanceUID, study]));
  return {
    studies: [...studies.values()],
    isCut: found.some(({ length }) => length === STUDIES_LIMIT),
  };
}

export type FoundPatient = {
  /** The studies that the PACS returned. */
  readonly studyInstanceUIDs: readonly string[];
  /** The keyed hashes of a Patient ID and an accession number that a case may wait for. */
  readonly expectedPrints: readonly string[];
  /** The typed digits and dots; undefined: a text that is neither the number of a case nor a part of a UID. */
  readonly text: string | undefined;
  /** The result may be incomplete: the PACS may have more studies. */
  readonly isCut: boolean;
  /** The PACS could not be asked, and only numbers of cases and UIDs were searched. */
  readonly isPacsAway: boolean;
};

const NUMBER_OR_UID = /^[\d.]{1,64}$/;
const NONE: PatientStudies = { studies: [], isCut: false };

/**
 * The search is recorded before the answer is sent, without the search term. @throws Problem pacs-unreachable,
 * pacs-without-dicomweb, unless digits and dots were typed.
 */
export async function findByPatient(
  tools: CaseTools,
  reader: CaseReader,
  patient: string,
): Promise<FoundPatient> {
  const { db, seal, now } = tools;
  const text = NUMBER_OR_UID.test(patient) ? patient : undefined;
  // One digit is the number of a case, and would find half of the PACS.
  const asked = mayBePatient(patient) ? searchByPatient(tools, patient) : NONE;
  const answer = await (text === undefined ? asked : Promise.resolve(asked).catch(nullIfPacsIsAway));
  const { studies, isCut } = answer ?? NONE;
  const event = { event: 'cases-searched-by-patient', by: reader.id, studies: studies.length } as const;
  await db.transaction().execute((trx) => recordAudit(trx, reader.siteId, event, now()));
  return {
    studyInstanceUIDs: studies.map(({ studyInstanceUID }) => studyInstanceUID),
    expectedPrints: [seal.print('patient-id', patient), seal.print('accession-number', patient)],
    text,
    isCut,
    isPacsAway: answer === null,
  };
}

function nullIfPacsIsAway(error: unknown): null {
  if (!(error instanceof Problem)) throw error;
  if (error.code !== 'pacs-unreachable' && error.code !== 'pacs-without-dicomweb') throw error;
  return null;
}
