/** Which of the instances that the PACS or the gateway did not take can be tried again as they are. Pure. */
import { canRetry } from '#shared/protocol/reasons.ts';
import type { QueuedInstance, QueuedStudy } from './queued-study.ts';

/**
 * What is held is looked at again; what was refused only where the cause lay elsewhere, for its structure
 * stays what it is.
 */
export function mayBeRetried(state: QueuedInstance['state'], reason: string | null): boolean {
  return state === 'quarantined' || (state === 'refused' && canRetry(reason ?? 'pacs-refused'));
}

/** How many of the study a retry takes up: all of them, whatever their reason. */
export function countRetried({ quarantined, refused }: Pick<QueuedStudy, 'quarantined' | 'refused'>): number {
  const again = [...quarantined, ...refused.filter(({ reason }) => canRetry(reason))];
  return again.reduce((sum, { instances }) => sum + instances, 0);
}
