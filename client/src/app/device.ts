/**
 * The composition root of the page: one function that makes the session, the two stores and the uploader and joins them. Views take
 * what it returns and know nothing of Dexie, workers, fetch or tus.
 */
import type { ApiClient } from './api-client.ts';
import type { SessionStore } from './session.ts';
import type { IngestStore } from '../pipeline/ingest/found.ts';
import type { QueueStore } from '../pipeline/queue/queued.ts';

export interface Device {
  readonly session: SessionStore;
  readonly api: ApiClient;
  readonly ingest: IngestStore;
  readonly queue: QueueStore;
}
