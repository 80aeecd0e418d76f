/** Reading studies, each at its own destination. */
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
    searchStudies: async (key, limit, signal) =>
      (
        await ('studyInstanceUID' in key ? of(key.studyInstanceUID) : destinations.primary(siteId))
      ).searchStudies(key, limit, signal),
    describeStudy: async (study, limit, signal) => (await of(study)).describeStudy(study, limit, signal),
    fetchInstance: async (where, maxBytes, signal) =>
      (await of(where.studyInstanceUID)).fetchInstance(where, maxBytes, signal),
  };
}
