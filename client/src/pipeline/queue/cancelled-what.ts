/** Says what became of a study that a person has cancelled. */
import { queueWords } from './queue-words.ts';
import type { QueuedStudy } from './queued-study.ts';

export function cancelledWhat({
  wasCancelled,
  inPacsWhenCancelled,
  instances,
  savedToStickAt,
}: Pick<QueuedStudy, 'wasCancelled' | 'inPacsWhenCancelled' | 'instances' | 'savedToStickAt'>): string {
  if (wasCancelled) return queueWords.cancelledWhat(inPacsWhenCancelled, instances);
  return savedToStickAt === null ? queueWords.takenBackWhat : queueWords.takenBackOnStick;
}
