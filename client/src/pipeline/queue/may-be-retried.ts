/** Decides which refused or quarantined instances can be retried as they are. Pure. */
import { canRetry } from '#shared/protocol/reasons.ts';
import type { QueuedInstance, QueuedStudy } from './queued-study.ts';

/**
 * A quarantined instance can be checked again. A refused one can be retried only if the cause lay elsewhere:
 * its structure does not change.
 */
export function mayBeRetried(state: QueuedInstance['state'], reason: string | null): boolean {
  return state === 'quarantined' || (state === 'refused' && canRetry(reason ?? 'pacs-refused'));
}

/** The number of instances that a retry covers, whatever their reason. */
export function countRetried({ quarantined, refused }: Pick<QueuedStudy, 'quarantined' | 'refused'>): number {
  const again = [...quarantined, ...refused.filter(({ reason }) => canRetry(reason))];
  return again.reduce((sum, { instances }) => sum + instances, 0);
}
