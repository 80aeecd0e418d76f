/** Stores what the gateway's list says about studies that were cancelled on this device. */
import type { SentStudy } from '#shared/protocol/studies.ts';
import type { QueueStore } from './queued-study.ts';

/**
 * `askedAt`: when the list was asked for, in milliseconds since 1970. It says nothing about studies cancelled later.
 */
export async function noteTold(
  queue: Pick<QueueStore, 'studies' | 'noteTold'>,
  sent: readonly SentStudy[],
  askedAt: number,
): Promise<void> {
  const uploads = new Map(sent.map((study) => [study.studyInstanceUID, study.uploads]));
  const told = queue.studies.peek().flatMap(({ id, state, studyInstanceUID, completedAt }) => {
    const own = uploads.get(studyInstanceUID ?? '');
    const isTold = state === 'taken-back' && (completedAt ?? 0) <= askedAt;
    return own && isTold ? [[id, own] as const] : [];
  });
  if (told.length > 0) await queue.noteTold(new Map(told));
}
