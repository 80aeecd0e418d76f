/** Sends the sample study and nothing else: a study that came onto the Upload page meanwhile waits for its own Send. */
import type { User } from '#shared/protocol/api.ts';
import type { IngestStore } from '../pipeline/ingest/found-study.ts';
import { canSend, sendableOf } from '../pipeline/ingest/sendable.ts';

/** Whether it is queued; otherwise it waits on the Upload page. Throws where it could not be fetched. */
export async function sendSample(ingest: IngestStore, user: User | null): Promise<boolean> {
  const { SAMPLE_STUDY_UID } = await import('../pipeline/ingest/sample-study.ts');
  // Here, so that nothing is fetched between the look at the page and Send.
  await import('../pipeline/ingest/send-chosen.ts');
  await ingest.addSample();
  const isAlone = ingest.studies
    .peek()
    .every(({ studyInstanceUID }) => studyInstanceUID === SAMPLE_STUDY_UID);
  if (!isAlone || !canSend(ingest, sendableOf(ingest), user)) return false;
  await ingest.send();
  // The upload page says what Send asks, or could not do.
  const isQueued = ingest.problem.peek() === null && ingest.studies.peek().length === 0;
  if (isQueued) ingest.clear();
  return isQueued;
}
