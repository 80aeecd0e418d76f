/** Sends the sample study and nothing else: a study that came onto the Upload page meanwhile waits for its own Send. */
import { sampleUid } from '#shared/dicom/sample-uids.ts';
import type { User } from '#shared/protocol/api.ts';
import type { IngestStore } from '../pipeline/ingest/found-study.ts';
import { canSend, sendableOf } from '../pipeline/ingest/sendable.ts';

/** `id`: its entry in the queue; null: it has no new one. */
type SampleSent = { readonly isQueued: boolean; readonly id: string | null };

/**
 * A sample that is not queued waits on the Upload page. `destination`: the id of the one that it is for. Throws when it
 * could not be fetched.
 */
export async function sendSample(
  ingest: IngestStore,
  user: User | null,
  destination: string,
): Promise<SampleSent> {
  // Here, so that nothing is fetched between the look at the page and Send.
  await import('../pipeline/ingest/send-chosen.ts');
  await ingest.addSample(destination);
  const isAlone = ingest.studies
    .peek()
    .every(({ studyInstanceUID }) => studyInstanceUID === sampleUid(destination, 0));
  if (!isAlone || !canSend(ingest, sendableOf(ingest), user)) return { isQueued: false, id: null };
  const before = ingest.sentFromHere.peek().sent;
  await ingest.send();
  // The upload page says what Send asks, or could not do.
  const isQueued = ingest.problem.peek() === null && ingest.studies.peek().length === 0;
  const id = [...ingest.sentFromHere.peek().sent.keys()].find((each) => !before.has(each)) ?? null;
  if (isQueued) ingest.clear();
  return { isQueued, id };
}
