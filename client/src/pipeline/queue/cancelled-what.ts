/** Says what became of a study that a person has cancelled. */
import { queueWords } from './queue-words.ts';
import type { QueuedStudy } from './queued-study.ts';

export function cancelledWhat({
  wasCancelled,
  savedToStickAt,
}: Pick<QueuedStudy, 'wasCancelled' | 'savedToStickAt'>): string {
  if (wasCancelled) return queueWords.cancelledWhat;
  return savedToStickAt === null ? queueWords.takenBackWhat : queueWords.takenBackOnStick;
}
