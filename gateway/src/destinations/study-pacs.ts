/** Reading studies, each at its own destination. */
import type { Pacs } from '../ports/pacs/pacs.ts';
import type { Destinations } from './destinations.ts';

export function createStudyPacs(
  destinations: Pick<Destinations, 'ofStudy'>,
  siteId: string,
): Pick<Pacs, 'describeStudy' | 'fetchInstance'> {
  return {
    describeStudy: async (study, limit, signal) =>
      (await destinations.ofStudy(siteId, study)).describeStudy(study, limit, signal),
    fetchInstance: async (where, maxBytes, signal) =>
      (await destinations.ofStudy(siteId, where.studyInstanceUID)).fetchInstance(where, maxBytes, signal),
  };
}
