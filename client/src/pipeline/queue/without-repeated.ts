/** Tells which studies of the queue a later send of the same study has replaced. Pure. */
import type { QueuedStudy } from './queued-study.ts';

/**
 * A study that was sent again is one row, of the newest time: the earlier ones that need nobody give way once as much
 * of it has arrived, also cancelled ones, and those of which a person left something out. The receipt has a page for
 * each.
 */
export function withoutRepeated(studies: readonly QueuedStudy[]): readonly QueuedStudy[] {
  const isOver = ({ state, needs }: QueuedStudy) =>
    (state === 'done' || state === 'taken-back') && needs.length === 0;
  const hasArrived = (study: QueuedStudy) => study.state === 'done' && isOver(study);
  const newest = new Map<string, QueuedStudy>();
  for (const study of studies) {
    const { studyInstanceUID: uid } = study;
    if (uid === null || !hasArrived(study)) continue;
    const before = newest.get(uid);
    if (before === undefined || before.queuedAt < study.queuedAt) newest.set(uid, study);
  }
  return studies.filter((study) => {
    const last = newest.get(study.studyInstanceUID ?? '');
    if (last === undefined || last === study || !isOver(study)) return true;
    if (last.queuedAt < study.queuedAt) return true;
    return last.instances < study.instances || last.track.inPacs < study.track.inPacs;
  });
}
