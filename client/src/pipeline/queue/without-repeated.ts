/** Tells which studies of the queue were replaced by a later send of the same study. Pure. */
import type { QueuedStudy } from './queued-study.ts';

/**
 * A study that was sent several times is shown as one row, with the newest time. Earlier entries that need nobody are
 * hidden once as much of the later one has arrived, even if a person left something out of them. A cancelled entry is
 * hidden only by a later one that has all its instances, arrived or cancelled: another part of the study does not
 * replace it. The receipt has a page for each entry.
 */
export function withoutRepeated(studies: readonly QueuedStudy[]): readonly QueuedStudy[] {
  const isOver = ({ state, needs }: QueuedStudy) =>
    (state === 'done' || state === 'taken-back') && needs.length === 0;
  const over = Map.groupBy(studies.filter(isOver), ({ studyInstanceUID }) => studyInstanceUID);
  return studies.filter((study) => {
    if (study.studyInstanceUID === null || !isOver(study)) return true;
    return !over
      .get(study.studyInstanceUID)!
      .some(
        (later) =>
          later.queuedAt > study.queuedAt &&
          (study.state === 'taken-back' ? later.holds.includes(study.id) : later.state === 'done') &&
          later.instances >= study.instances &&
          later.track.inPacs >= study.track.inPacs,
      );
  });
}
