/** Sends the verdicts and steps of reviews that the gateway does not have. Fetched only where something waits. */
import { openOutbox, type OutboxParts } from '../results/open-outbox.ts';
import type { UnsentReviews } from '../results/outboxes.ts';
import { sendUnsent } from '../reviews/review-outbox.ts';

export function openKept(parts: OutboxParts, account: string): { retry(): Promise<void> } {
  const outbox = openOutbox(parts, account);
  return {
    async retry() {
      await outbox.retry();
      const waits = (reviews: UnsentReviews) => parts.outboxes.tellReviews(account, reviews);
      await sendUnsent({ ...parts, account, waits });
    },
  };
}
