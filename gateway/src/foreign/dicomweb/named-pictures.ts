/**
 * Leaves out the instances of a study whose pictures may hold a name, for callers who must not see one. The PACS is
 * asked for their headers, so no address of the instance, its frames, its picture or its bulk data bypasses this.
 */
import { readDataSets } from './read-data-sets.ts';
import type { SeenStudy } from './sight.ts';
import type { Visit } from './web-visit.ts';
import { wholeOrEach, type Where } from './whole-or-each.ts';

/** `where`: the study, series or instance that is read. */
export async function withoutNamedPictures(
  visit: Visit,
  where: Where,
  own: SeenStudy,
): Promise<{ readonly shown: SeenStudy; readonly warning: { readonly warning?: string } }> {
  const instances = new Map<string, string>();
  let leftOut = 0;
  const read = (path: string) => readDataSets(visit, `${path}/metadata`);
  for await (const { facts } of wholeOrEach(visit, where, read)) {
    const { instance = '' } = facts.uids;
    const series = own.instances.get(instance);
    if (series === undefined) continue;
    if (facts.mayHoldName) leftOut += 1;
    else instances.set(instance, series);
  }
  return {
    shown: { ...own, instances, series: new Set(instances.values()) },
    warning:
      leftOut === 0
        ? {}
        : { warning: `299 RelayPACS "Left out because their pictures may show a name: ${leftOut}."` },
  };
}
