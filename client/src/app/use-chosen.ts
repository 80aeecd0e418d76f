/** Instances that a person chose to send and that are not in the queue: signing out clears them. */
import type { IngestStore } from '../pipeline/ingest/found-study.ts';
import { useIngest } from '../pipeline/ingest/ingest-context.ts';

export function chosenIn({ studies }: Pick<IngestStore, 'studies'>): number {
  return studies.value.reduce((sum, { instances, selected }) => sum + (selected.value ? instances : 0), 0);
}

export function useChosen(): number {
  return chosenIn(useIngest());
}
