/** Instances that a person chose to send and that are neither in the queue nor in the PACS. Signing out clears them. */
import type { IngestStore } from '../pipeline/ingest/found/found-study.ts';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { inPacsOf } from '../pipeline/ingest/found/sendable.ts';

type Page = Pick<IngestStore, 'studies' | 'leftOut' | 'policy' | 'released'>;

export function chosenIn(page: Page): number {
  const { studies, leftOut } = page;
  const wanted = studies.value.filter(({ selected }) => selected.value);
  // Counted for each study separately, so that a negative count of one study hides nothing of another.
  const open = wanted.map((study) => {
    const out = leftOut.value.get(study.studyInstanceUID)?.instances ?? 0;
    return Math.max(0, study.instances - out - inPacsOf(page, [study]));
  });
  return open.reduce((sum, count) => sum + count, 0);
}

export function useChosen(): number {
  return chosenIn(useIngest());
}
