/** Reads studies, each from its own destination. */
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
    /**
     * A search by anything but the UID asks the primary destination: the study may not have come through this gateway.
     */
    searchStudies: async (key, limit, signal) => {
      if ('studyInstanceUID' in key)
        return (await of(key.studyInstanceUID)).searchStudies(key, limit, signal);
      const primary = await destinations.primary(siteId);
      // Some PACSs cannot search by name, and their empty answer would look like "no studies".
      if ('patientName' in key && primary.web === undefined) throw new Problem('pacs-without-dicomweb');
      return primary.searchStudies(key, limit, signal);
    },
    describeStudy: async (study, limit, signal) => (await of(study)).describeStudy(study, limit, signal),
    fetchInstance: async (where, maxBytes, signal) =>
      (await of(where.studyInstanceUID)).fetchInstance(where, maxBytes, signal),
  };
}
