/** Sends the verdicts and steps of reviews that the gateway does not have. Fetched only where something waits. */
import { openOutbox, type OutboxParts } from '../results/open-outbox.ts';
import { sendUnsent } from '../reviews/review-outbox.ts';

export function openKept(parts: OutboxParts, account: string): { retry(): Promise<void> } {
  const outbox = openOutbox(parts, account);
  return {
    async retry() {
      await outbox.retry();
      await sendUnsent({ ...parts, account });
    },
  };
}
