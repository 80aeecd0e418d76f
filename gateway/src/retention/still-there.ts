/** Looks in the PACS, just before rows are deleted, whether it still has what the rows prove. */
import type { Db } from '../database/database.ts';
import { destinationOfStudy } from '../destinations/destination.store.ts';
import type { Destinations } from '../destinations/destinations.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';

export type LookingTools = { readonly db: Db; readonly destinations: Pick<Destinations, 'of'> };

type Place = {
  readonly site_id: string;
  readonly study_instance_uid: string;
  readonly destination_id: string | null;
};

/** Throws PacsUnreachable. False also where the destination is gone. */
async function has(
  { db, destinations }: LookingTools,
  place: Place,
  wanted: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<boolean> {
  if (wanted.size === 0) return true;
  const destination = await destinationOfStudy(db, place);
  if (destination === undefined) return false;
  const there = await destinations.of(destination).findStudy(place.study_instance_uid, signal, wanted);
  return wanted.isSubsetOf(there);
}

/** Of these Study Instance UIDs, those of which every destination has every instance that it confirmed. */
export async function studiesStillThere(
  tools: LookingTools,
  siteId: string,
  uids: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const there: string[] = [];
  for (const uid of uids) {
    const places = await tools.db
      .selectFrom('study')
      .select(['id', 'site_id', 'study_instance_uid', 'destination_id'])
      .where('site_id', '=', siteId)
      .where('study_instance_uid', '=', uid)
      .execute();
    let isWhole = true;
    for (const place of places) {
      const rows = await tools.db
        .selectFrom('instance')
        .select('sop_instance_uid')
        .where('study_id', '=', place.id)
        .where('state', 'in', [...IN_PACS])
        .execute();
      isWhole &&= await has(tools, place, new Set(rows.map((row) => row.sop_instance_uid)), signal);
    }
    if (isWhole) there.push(uid);
  }
  return there;
}

/** Of these results, those of which the PACS has every report. */
export async function resultsStillThere(
  tools: LookingTools,
  siteId: string,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const rows = await tools.db
    .selectFrom('inference_result as r')
    .leftJoin('result_instance as x', 'x.result_id', 'r.id')
    .select(['r.id', 'r.study_instance_uid', 'x.sop_instance_uid'])
    .where('r.id', 'in', [...ids])
    .execute();
  const there: string[] = [];
  for (const [id, reports] of Map.groupBy(rows, (row) => row.id)) {
    const uid = reports[0]!.study_instance_uid;
    const place = uid && { site_id: siteId, study_instance_uid: uid, destination_id: null };
    const wanted = new Set(reports.flatMap((row) => row.sop_instance_uid ?? []));
    if (!place || (await has(tools, place, wanted, signal))) there.push(id);
  }
  return there;
}
