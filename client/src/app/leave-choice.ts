/** A person who signs out leaves what the page has read: it identifies patients and belongs to whoever chose it. */
import type { IngestStore } from '../pipeline/ingest/found-study.ts';

/** The person was told, and is reminded of nothing afterwards. */
export function leaveChoice(ingest: IngestStore): void {
  ingest.cancel();
  ingest.clear();
  ingest.settleNotSent();
  ingest.clear('held-back');
}
