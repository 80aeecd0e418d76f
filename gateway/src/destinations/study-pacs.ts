/** Reading studies, each at its own destination. */
import type { Pacs } from '../ports/pacs/pacs.ts';
import type { Destinations } from './destinations.ts';

export function createStudyPacs(
  destinations: Pick<Destinations, 'ofStudy'>,
  siteId: string,
): Pick<Pacs, 'describeStudy' | 'fetchInstance'> {
  const of = (studyInstanceUID: string): Promise<Pacs> =>
    destinations.ofStudy({ site_id: siteId, study_instance_uid: studyInstanceUID, destination_id: null });
  return {
    describeStudy: async (study, limit, signal) => (await of(study)).describeStudy(study, limit, signal),
    fetchInstance: async (where, maxBytes, signal) =>
      (await of(where.studyInstanceUID)).fetchInstance(where, maxBytes, signal),
  };
}
