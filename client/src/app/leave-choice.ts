/**
 * Clears what the page has read when a person signs out: it identifies patients and belongs to the person who chose it.
 */
import type { IngestStore } from '../pipeline/ingest/found/found-study.ts';

/** The person was told before, so no reminder follows. */
export function leaveChoice(ingest: IngestStore): void {
  ingest.cancel();
  ingest.clear();
  ingest.settleNotSent();
  ingest.clear('held-back');
}
