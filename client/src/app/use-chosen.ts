/** Instances that were found and are not in the queue: signing out clears them. */
import { useIngest } from '../pipeline/ingest/ingest-context.ts';

export function useChosen(): number {
  return useIngest().studies.value.reduce((sum, { instances }) => sum + instances, 0);
}
