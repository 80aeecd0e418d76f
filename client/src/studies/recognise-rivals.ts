/**
 * Finds the images behind a conflict among files that were chosen again or sent again. The image is recognised by the
 * bytes that would be sent, after renaming; its name in the file means nothing to the queue.
 */
import type { IngestStore } from '../pipeline/ingest/found/found-study.ts';
import type { InspectedFile } from '../pipeline/ingest/found/inspection.ts';
import { recogniseFile } from '../pipeline/ingest/found/recognise-file.ts';
import { mapInParallel } from '../pipeline/ingest/workers/run-in-parallel.ts';
import type { QueuedInstance, QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { keyOf } from '../pipeline/queue/upload-queue.ts';
import { isNotStored, type Rivals } from './find-rivals.ts';

type Chosen = Pick<IngestStore, 'inspection' | 'studies' | 'sentFromHere'>;
type Conflicting = Pick<QueuedStudy, 'title' | 'policy'>;

/** The number of files processed in parallel. */
const AT_ONCE = 4;

/** Empty if nothing was recognised. Throws NotPrepared, TaskFault, or the signal's reason. */
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
    key: await recogniseFile(inspection, shown, signal, policy.name),
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
      inspection.filesOf(studyInstanceUID).map((found) => ({ studyInstanceUID, found })),
    );
}
