/** Decides which refused or quarantined instances can be retried as they are. Pure. */
import { canRetry } from '#shared/protocol/reason-kinds.ts';
import { nextUploadState } from '#shared/protocol/upload-state.ts';
import type { QueuedInstance, QueuedStudy } from './queued-study.ts';

/**
 * Only where the cause lay elsewhere: otherwise the same bytes under the same identifier fail again. A further
 * destination may take an instance that the first one took, once the cause there is fixed.
 */
export function mayBeRetried(
  state: QueuedInstance['state'],
  reason: string | null,
  destination: string | null = null,
): boolean {
  return (
    (state === 'quarantined' || state === 'refused') &&
    (destination !== null || canRetry(reason ?? 'pacs-refused'))
  );
}

/** The number of instances that a retry of the study covers, whatever their reason; 0: a retry would change nothing. */
export function countRetried({ state, needs }: Pick<QueuedStudy, 'state' | 'needs'>): number {
  if (nextUploadState(state, 'retry') === null) return 0;
  return needs
    .filter(
      ({ cause, reason, destination }) =>
        cause !== 'held' && reason !== null && (destination !== undefined || canRetry(reason)),
    )
    .reduce((sum, { instances }) => sum + instances, 0);
}
