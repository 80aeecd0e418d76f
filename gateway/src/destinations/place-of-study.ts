/** Finds the PACS of a study, with what this process has seen it accept and what the gateway has learned about it. */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Db } from '../database/database.ts';
import { createBatchSizes, USUAL_BATCH } from '../pipeline/pacs/batch-sizes.ts';
import type { PipelineTools } from '../pipeline/plan/pipeline-tools.ts';
import { createTakings, type Takings } from '../pipeline/pacs/takings.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { destinationOfStudy, keepBatchSize, keepRefusal, type DestinationRow } from './destination.store.ts';
import type { Destinations } from './destinations.ts';

type Tools = {
  readonly db: Db;
  readonly destinations: Pick<Destinations, 'of' | 'ofStudy'>;
  readonly now: () => Date;
};

export function createPacsOf(tools: Tools): PipelineTools['pacsOf'] {
  const { db, destinations, now } = tools;
  // What was seen to be accepted holds only for this connection.
  const seen = new WeakMap<Pacs, Takings>();
  return async (study) => {
    const row = await destinationOfStudy(db, study);
    // This throws where the site has no destination.
    if (row === undefined) return { pacs: await destinations.ofStudy(study), takings: createTakings() };
    const pacs = destinations.of(row);
    const takings = seen.get(pacs) ?? createTakings(batchesOf(row, tools));
    seen.set(pacs, takings);
    return {
      ...{ pacs, takings, lagMinutes: row.lag_minutes, proof: row.proof },
      noteStores: (refusal) =>
        ignoreFailure(
          keepRefusal(db, row, { refusal, now: now() }),
          'the next store request says it as well',
        ),
    };
  };
}

function batchesOf(row: DestinationRow, { db, now }: Tools) {
  const { batch_bytes: bytes, refused_bytes: refusedBytes, refused_at: refusedAt } = row;
  const before = { bytes: bytes ?? USUAL_BATCH.bytes, refusedBytes, refusedAt };
  return createBatchSizes(before, now, (size) =>
    ignoreFailure(keepBatchSize(db, row, size), 'this process has learned it, and the next change is kept'),
  );
}
