/** What inference is given: its surroundings as values. gateway.ts makes them once; a test gives its own. */
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Log } from '../observability/log.ts';
import type { StudyChanges } from '../pipeline/announce-changes.ts';
import type { Engine } from '../ports/engine/engine.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import type { ResultRow } from '../results/result.store.ts';
import type { Examiner } from './examine-thread.ts';
import type { InputStore } from './input-store.ts';

export type InferenceMetrics = {
  /** One image, or what was to be one. `outcome`: `answered`, `cached`, or the code of a problem. */
  inference(model: string, outcome: string, seconds: number): void;
  /** The device and the gateway found different things on one image. */
  disagreement(model: string): void;
};

export type InferenceTools = {
  readonly db: Kysely<Tables>;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly engine: Engine;
  /** Where the file of a model lies. */
  readonly pathOf: (digest: string) => string;
  readonly examiner: Examiner;
  readonly inputs: InputStore;
  readonly pacs: Pick<Pacs, 'describeStudy' | 'fetchInstance'>;
  /**
   * Sends the result's instances on their road to the PACS, beside their source; does nothing where they are
   * on it. Throws PacsUnreachable.
   */
  readonly deliver: (
    result: ResultRow,
    source: (signal: AbortSignal) => Promise<Uint8Array>,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly log: Log;
  readonly metrics: InferenceMetrics;
  /** "This job changed", on every gateway. */
  readonly changes: StudyChanges;
  readonly now: () => Date;
  readonly newId: () => string;
};
