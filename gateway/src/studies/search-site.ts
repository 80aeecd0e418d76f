/**
 * Searches the site's studies, for those who may see identities. A search by patient asks the PACS, as the database
 * holds no names; any other search uses what the gateway recorded about the uploads. Only studies that came through the
 * gateway are found.
 */
import type { FoundStudies, SiteSearch, StudyPatient } from '#shared/protocol/studies.ts';
import { typedPseudonym } from '#shared/protocol/typed-patient.ts';
import { recordReading, type Reader } from '../audit/record-reading.ts';
import type { Db } from '../database/database.ts';
import type { DescribedStudy } from '../ports/pacs/pacs.ts';
import { listStudies } from './list-studies.ts';

export type SearchTools = {
  readonly db: Db;
  readonly now: () => Date;
  readonly studiesOfPatient: {
    /** `isCut`: the PACS may have more. Throws Problem pacs-unreachable, pacs-without-dicomweb. */
    readonly namedOrNumbered: (patient: string) => Promise<{
      readonly studies: readonly DescribedStudy[];
      readonly isCut: boolean;
    }>;
  };
};

/** A longer list does not help: the person has to narrow the search. */
const FOUND_LIMIT = 100;
const ANY = { standing: undefined, from: undefined, until: undefined, after: undefined, limit: FOUND_LIMIT };

/** @throws Problem pacs-unreachable, pacs-without-dicomweb. */
export async function searchSite(
  tools: SearchTools,
  reader: Reader,
  { by, text }: SiteSearch,
): Promise<FoundStudies> {
  const asked = { ...ANY, siteId: reader.siteId, accountId: null };
  if (by === 'patient') return searchPatient(tools, reader, text);
  const { studies, more } = await listStudies(tools.db, { ...asked, text });
  return { studies: studies.map((study) => ({ ...study, patient: null })), isCut: more };
}

/** Records each study as found by name before it answers, without the text that was searched for. */
async function searchPatient(tools: SearchTools, reader: Reader, text: string): Promise<FoundStudies> {
  const patient = typedPseudonym(text) ?? text;
  const named = await tools.studiesOfPatient.namedOrNumbered(patient);
  const described = new Map(named.studies.map((study) => [study.studyInstanceUID, study]));
  const asked = { ...ANY, siteId: reader.siteId, accountId: null, text: undefined };
  const { studies, more } = await listStudies(tools.db, { ...asked, among: [...described.keys()] });
  for (const { studyInstanceUID } of studies)
    await recordReading(tools, reader, studyInstanceUID, 'named-searches');
  return {
    studies: studies.map((study) => ({ ...study, patient: toPatient(described, study.studyInstanceUID) })),
    isCut: named.isCut || more,
  };
}

function toPatient(described: ReadonlyMap<string, DescribedStudy>, uid: string): StudyPatient | null {
  const study = described.get(uid);
  if (study === undefined) return null;
  const { patientName, patientId, birthDate, studyDate, description } = study;
  return { patientName, patientId, birthDate, studyDate, description };
}
