/** Says what became of a study that a person has cancelled. */
import { endingWords } from './ending-words.ts';
import type { QueuedStudy } from './queued-study.ts';

type Cancelled = Pick<QueuedStudy, 'wasCancelled' | 'inPacsWhenCancelled' | 'instances' | 'savedToStickAt'>;

export function cancelledWhat({
  wasCancelled,
  inPacsWhenCancelled,
  instances,
  savedToStickAt,
}: Cancelled): string {
  if (wasCancelled) return endingWords.cancelledWhat(inPacsWhenCancelled, instances);
  return savedToStickAt === null ? endingWords.takenBackWhat : endingWords.takenBackOnStick;
}

/** In a few words. Somebody else may send the file for a stick. */
export function cancelledOf(study: Cancelled): string {
  const { midway, plain, unsent } = endingWords.cancelled;
  if (study.wasCancelled) return midway(study.inPacsWhenCancelled, study.instances);
  return study.savedToStickAt === null ? unsent : plain;
}
