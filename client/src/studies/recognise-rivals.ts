/**
 * Finds the images behind a conflict among files that were chosen again, or sent again. Named as they would be sent, an
 * image is recognised by its bytes; its name in the file says nothing to the queue.
 */
import type { IngestStore } from '../pipeline/ingest/found-study.ts';
import { lookedAt } from '../pipeline/ingest/hold-companions.ts';
import type { InspectedFile } from '../pipeline/ingest/inspection.ts';
import { mapInParallel } from '../pipeline/ingest/run-in-parallel.ts';
import type { QueuedInstance, QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { keyOf, type InstanceKey } from '../pipeline/queue/upload-queue.ts';
import { isNotStored, type Rivals } from './find-rivals.ts';

type Chosen = Pick<IngestStore, 'inspection' | 'studies' | 'sentFromHere'>;
type Conflicting = Pick<QueuedStudy, 'title' | 'policy'>;

/** Files that are named side by side. */
const AT_ONCE = 4;

/** Empty where nothing was recognised. Throws NotPrepared, TaskFault, or the signal's reason. */
export async function recogniseRivals(
  { inspection, studies, sentFromHere }: Chosen,
  { title, policy }: Conflicting,
  rows: readonly QueuedInstance[],
  signal: AbortSignal,
): Promise<readonly Rivals[]> {
  const kept = rows.filter(isNotStored);
  const notStored = new Set(kept.map(keyOf));
  const uids = new Set(kept.map(({ sopInstanceUID }) => sopInstanceUID));
  const chosen = [...filesOn({ inspection, studies }), ...sentFromHere.peek().files.values()];
  const patientId = title?.patientId.trim() ?? '';
  const theirs = chosen.filter(({ found }) => (found.patients[0]?.id ?? '') === patientId);
  const groups = [...Map.groupBy(theirs, ({ found }) => found.sopInstanceUID).values()];
  const name = async (shown: InspectedFile) => ({
    found: shown.found,
    key: await recognise(inspection, { shown, policy: policy.name }, signal),
  });
  const found = await mapInParallel(groups, AT_ONCE, async ([first, ...others]): Promise<Rivals | null> => {
    const named = await name(first!);
    if (named.key === null || !uids.has(named.key.sopInstanceUID)) return null;
    const all = [named, ...(await mapInParallel(others, AT_ONCE, name))];
    const mine = all.find(({ key }) => key !== null && notStored.has(keyOf(key)));
    const other = all.find(({ key }) => key !== null && !notStored.has(keyOf(key)));
    return mine ? { mine: mine.found, other: other?.found ?? null } : null;
  });
  return found.filter((rivals) => rivals !== null);
}

function filesOn({ inspection, studies }: Pick<Chosen, 'inspection' | 'studies'>): readonly InspectedFile[] {
  return studies
    .peek()
    .flatMap(({ studyInstanceUID }) =>
      inspection
        .seriesOf(studyInstanceUID)
        .flatMap(({ files }) => files.map((found) => ({ studyInstanceUID, found }))),
    );
}

/** How it is named under the policy of this name, or the one in force where that is gone. */
async function recognise(
  { tools }: Chosen['inspection'],
  { shown, policy: name }: { readonly shown: InspectedFile; readonly policy: string },
  signal: AbortSignal,
): Promise<InstanceKey | null> {
  const policy = await tools.policy(shown, signal, name);
  const { found } = shown;
  const boxes = tools.released().get(found.ordinal);
  const looked = boxes ? { looked: lookedAt(found), boxes } : {};
  const file = { ref: found.file.ref, position: found.ordinal, ...looked };
  return policy && tools.pool.run({ kind: 'recognise', file, policy }, signal);
}
