/** Sends the sample study and nothing else. A study added to the Upload page meanwhile waits for its own Send. */
import { sampleUid } from '#shared/dicom/sample-uids.ts';
import type { User } from '#shared/protocol/api.ts';
import type { IngestStore } from '../pipeline/ingest/found/found-study.ts';
import { canSend, sendableOf } from '../pipeline/ingest/found/sendable.ts';

/** `id`: the sample's new entry in the queue; null: there is none. */
type SampleSent = { readonly isQueued: boolean; readonly id: string | null };

/**
 * A sample that is not queued waits on the Upload page. `destination`: the id of its destination. Throws if the sample
 * could not be fetched.
 */
export async function sendSample(
  ingest: IngestStore,
  user: User | null,
  destination: string,
): Promise<SampleSent> {
  // Loaded here, so that nothing is loaded between checking the page and Send.
  await import('../pipeline/ingest/send-chosen.ts');
  await ingest.addSample(destination);
  const isAlone = ingest.studies
    .peek()
    .every(({ studyInstanceUID }) => studyInstanceUID === sampleUid(destination, 0));
  if (!isAlone || !canSend(ingest, sendableOf(ingest), user)) return { isQueued: false, id: null };
  const before = ingest.sentFromHere.peek().sent;
  await ingest.send();
  // The Upload page shows what Send asks, or why it failed.
  const isQueued = ingest.problem.peek() === null && ingest.studies.peek().length === 0;
  const id = [...ingest.sentFromHere.peek().sent.keys()].find((each) => !before.has(each)) ?? null;
  if (isQueued) ingest.clear();
  return { isQueued, id };
}
