/**
 * Used before a person tries an instance in conflict again. Finds the instances of the study that took its UID and that
 * the PACS no longer has. These no longer conflict, as when a device names other bytes (compare-manifest.ts).
 */
import { Problem } from '#shared/protocol/problem.ts';
import { isUidTaken } from '#shared/protocol/reason-kinds.ts';
import { isInPacs } from '#shared/protocol/study-state.ts';
import { activeInstances, instancesByKey, type InstanceKey } from '../pipeline/stores/instance.store.ts';
import type { UploadRow } from '../pipeline/stores/parcel.store.ts';
import type { UploadTools } from './upload-tools.ts';

/** A person waits for the answer, so the PACS has only this long. */
const PACS_MS = 10_000;

/** The ids of those instances. Throws `pacs-unreachable`. */
export async function findGoneRivals(
  { db, pacsOf }: UploadTools,
  upload: UploadRow,
  instances: readonly InstanceKey[],
): Promise<ReadonlySet<number>> {
  const asked = await instancesByKey(db, upload.study_id, instances);
  const taken = asked.filter(({ reason }) => isUidTaken(reason)).map((row) => row.sop_instance_uid);
  const rivals = (await activeInstances(db, upload.study_id, taken)).filter(({ state }) => isInPacs(state));
  if (rivals.length === 0) return new Set();
  const away = () => {
    throw new Problem('pacs-unreachable');
  };
  const { pacs } = await pacsOf(upload).catch(away);
  const uids = [...new Set(rivals.map((row) => row.sop_instance_uid))];
  const late = AbortSignal.timeout(PACS_MS);
  const places = await pacs.findInstances(uids, late, upload.study_instance_uid).catch(away);
  const there = new Set(places.map(({ sopInstanceUID }) => sopInstanceUID));
  return new Set(rivals.filter((row) => !there.has(row.sop_instance_uid)).map(({ id }) => id));
}
