/**
 * Decides whether files with one SOP Instance UID and one size are copies, or different images that claim the same
 * UID. Only their bytes tell. They are compared after everything was read, so that nothing waits for it; until then
 * the page says nothing. A copy is removed from its study: a file counts once, however often it was chosen.
 */
import type { CollectedFile } from './choose/collect-files.ts';
import type { FoundFile, Pair, StudyGroup } from './found/group-studies.ts';
import { draw, type IngestState } from './ingest-state.ts';
import { pick } from './found/decide-patients.ts';
import { regroup } from './found/regroup-study.ts';
import { TaskFault } from './workers/worker-pool.ts';

export async function compareCopies(state: IngestState, signal: AbortSignal): Promise<void> {
  for (const study of [...state.gathering.studies.values()]) {
    // A decision makes a new group of the study while its files are compared.
    const now = (): StudyGroup => state.gathering.studies.get(study.studyInstanceUID) ?? study;
    const pairs = study.unsettled.splice(0);
    const copies = new Set<CollectedFile>();
    for (const [at, pair] of pairs.entries()) {
      const same = await isSame(state, pair, signal);
      if (signal.aborted) return void study.unsettled.push(...pairs.slice(at));
      // The warning stays, and the comparison is repeated with the next choice.
      if (same === null) study.unsettled.push(pair);
      else note(now(), same);
      if (same) copies.add(pair[1]);
    }
    if (pairs.length === 0) continue;
    const { unsettled, warnings } = now();
    if (unsettled.length === 0) warnings.delete('duplicates');
    now().version += 1;
    leaveOutCopies(state, study.studyInstanceUID, copies);
    draw(state);
  }
}

/** Does nothing while Send processes the files, which sends each of them once anyway. */
function leaveOutCopies(
  { gathering, phase }: IngestState,
  studyInstanceUID: string,
  copies: ReadonlySet<CollectedFile>,
): void {
  const study = gathering.studies.get(studyInstanceUID);
  if (study === undefined || copies.size === 0 || phase.peek() === 'queueing') return;
  const isFirst = ({ file }: FoundFile): boolean => !copies.has(file);
  const left = pick(study.series, isFirst);
  if (left.size === 0) return;
  const { leftOut, unticked } = study;
  const others = { leftOut: pick(leftOut, isFirst), unticked: pick(unticked, isFirst) };
  const those = regroup(study, left, others);
  gathering.replace({ ...those, copies: (study.copies ?? 0) + copies.size });
}

/** Null if one of them cannot be read any more. Send will say so. */
async function isSame({ tools }: IngestState, [first, second]: Pair, signal: AbortSignal) {
  try {
    return await tools.pool.run({ kind: 'same-bytes', first: first.ref, second: second.ref }, signal);
  } catch (error) {
    if (signal.aborted || error instanceof TaskFault) return null;
    throw error;
  }
}

function note({ warnings }: StudyGroup, same: boolean): void {
  warnings.add(same ? 'chosen-twice' : 'same-uid-differs');
}
