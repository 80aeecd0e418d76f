/** Decides which refused or quarantined instances can be retried as they are. Pure. */
import { canRetry } from '#shared/protocol/reason-kinds.ts';
import { nextUploadState } from '#shared/protocol/upload-state.ts';
import type { QueuedInstance, QueuedStudy } from './queued-study.ts';

/** Only where the cause lay elsewhere: the same bytes under the same identifier meet the same fate again. */
export function mayBeRetried(state: QueuedInstance['state'], reason: string | null): boolean {
  return (state === 'quarantined' || state === 'refused') && canRetry(reason ?? 'pacs-refused');
}

/** The number of instances that a retry of the study covers, whatever their reason; 0: it would change nothing. */
export function countRetried({ state, needs }: Pick<QueuedStudy, 'state' | 'needs'>): number {
  if (nextUploadState(state, 'retry') === null) return 0;
  return needs
    .filter(({ cause, reason }) => cause !== 'held' && reason !== null && canRetry(reason))
    .reduce((sum, { instances }) => sum + instances, 0);
}
