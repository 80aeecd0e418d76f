/** Instances that a person chose to send and that are not in the queue: signing out clears them. */
import type { IngestStore } from '../pipeline/ingest/found-study.ts';
import { useIngest } from '../pipeline/ingest/ingest-context.ts';

export function chosenIn({ studies, leftOut }: Pick<IngestStore, 'studies' | 'leftOut'>): number {
  const wanted = studies.value.filter(({ selected }) => selected.value);
  const out = wanted.map(({ studyInstanceUID }) => leftOut.value.get(studyInstanceUID)?.instances ?? 0);
  return wanted.reduce((sum, { instances }, nth) => sum + instances - out[nth]!, 0);
}

export function useChosen(): number {
  return chosenIn(useIngest());
}
