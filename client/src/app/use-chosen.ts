/** Instances that a person chose to send and that are neither in the queue nor in the PACS: signing out clears them. */
import type { IngestStore } from '../pipeline/ingest/found-study.ts';
import { useIngest } from '../pipeline/ingest/ingest-context.ts';
import { inPacsOf } from '../pipeline/ingest/sendable.ts';

type Page = Pick<IngestStore, 'studies' | 'leftOut' | 'policy' | 'released'>;

export function chosenIn(page: Page): number {
  const { studies, leftOut } = page;
  const wanted = studies.value.filter(({ selected }) => selected.value);
  const out = wanted.map(({ studyInstanceUID }) => leftOut.value.get(studyInstanceUID)?.instances ?? 0);
  const all = wanted.reduce((sum, { instances }, nth) => sum + instances - out[nth]!, 0);
  return Math.max(0, all - inPacsOf(page, wanted));
}

export function useChosen(): number {
  return chosenIn(useIngest());
}
