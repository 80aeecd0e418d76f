/** Reading studies, each at its own destination. */
import { Problem } from '#shared/protocol/problem.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import type { Destinations } from './destinations.ts';

export function createStudyPacs(
  destinations: Pick<Destinations, 'ofStudy' | 'primary'>,
  siteId: string,
): Pick<Pacs, 'describeStudy' | 'fetchInstance' | 'searchStudies'> {
  const of = (studyInstanceUID: string): Promise<Pacs> =>
    destinations.ofStudy({ site_id: siteId, study_instance_uid: studyInstanceUID, destination_id: null });
  return {
    /** By another key than its UID a study is searched for at the primary destination: it may have come without us. */
    searchStudies: async (key, limit, signal) => {
      if ('studyInstanceUID' in key)
        return (await of(key.studyInstanceUID)).searchStudies(key, limit, signal);
      const primary = await destinations.primary(siteId);
      // Nobody shall take "none" for an answer from a PACS that knows no such question.
      if ('patientName' in key && primary.web === undefined) throw new Problem('pacs-without-dicomweb');
      return primary.searchStudies(key, limit, signal);
    },
    describeStudy: async (study, limit, signal) => (await of(study)).describeStudy(study, limit, signal),
    fetchInstance: async (where, maxBytes, signal) =>
      (await of(where.studyInstanceUID)).fetchInstance(where, maxBytes, signal),
  };
}
