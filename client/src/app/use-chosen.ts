/** Instances that were found and are not in the queue: signing out clears them. */
import type { IngestStore } from '../pipeline/ingest/found-study.ts';
import { useIngest } from '../pipeline/ingest/ingest-context.ts';

export function chosenIn({ studies }: Pick<IngestStore, 'studies'>): number {
  return studies.value.reduce((sum, { instances }) => sum + instances, 0);
}

export function useChosen(): number {
  return chosenIn(useIngest());
}
