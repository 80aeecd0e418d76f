/** Tells which studies of the queue a later send of the same study has replaced. Pure. */
import type { QueuedStudy } from './queued-study.ts';

/**
 * A study that was sent again is one row, of the newest time: the earlier ones that need nobody give way once as much
 * of it has arrived, also those of which a person left something out. A cancelled one gives way to a later one that has
 * all its instances, arrived or cancelled: another part of the study does not stand for it. The receipt has a page for
 * each.
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
