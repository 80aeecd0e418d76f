/** Lists everything that needs a person now: in the queue, and among the studies that were found but not sent. */
import { useQueue } from '../../queue/queue-context.ts';
import { listNeeds, type HeldFound, type ListedNeed } from '../../queue/list-needs.ts';
import { useIngest } from './ingest-context.ts';
import type { FoundStudy, IngestStore } from './found-study.ts';
import { sendableOf } from './sendable.ts';

export function useNeeds(): readonly ListedNeed[] {
  const ingest = useIngest();
  const queue = useQueue();
  return listNeeds({
    studies: queue.studies.value,
    lost: queue.lost.value,
    foreign: queue.foreignInstances.value,
    found: heldFoundOf(ingest),
    noRoom: ingest.problem.value === 'no-room' ? sendableOf(ingest).instances : 0,
  });
}

/** Selected studies with held files, whether or not Send takes other files of them. */
export function heldFoundOf(ingest: IngestStore): readonly HeldFound[] {
  const { held, studies } = sendableOf(ingest);
  return [...held, ...studies]
    .filter((study) => isMixed(ingest, study) || !isCountedInQueue(ingest, study))
    .map((study) => toHeldFound(ingest, study, studies.includes(study)));
}

/** A study that was shown again for a decision is counted with the queued study until it is sent. */
function isCountedInQueue({ reopenable }: IngestStore, { studyInstanceUID }: FoundStudy): boolean {
  return [...reopenable.value.values()].some((study) => study.studyInstanceUID === studyInstanceUID);
}

const isMixed = ({ mixed }: IngestStore, { studyInstanceUID }: FoundStudy): boolean =>
  mixed.value.get(studyInstanceUID)?.isSettled === false;

/** The patients have to be settled before the images are looked at. */
function toHeldFound(ingest: IngestStore, study: FoundStudy, isRestSent: boolean): HeldFound {
  const { id, studyInstanceUID } = study;
  if (!isMixed(ingest, study)) return { id, studyInstanceUID, isRestSent, reasons: reasonsOf(ingest, study) };
  const { parts } = ingest.mixed.value.get(studyInstanceUID)!;
  const patients = parts.map(({ keys, files }) => ({ keys, instances: files.length }));
  return { id, studyInstanceUID, isRestSent, reasons: [], patients };
}

function reasonsOf({ heldBack }: IngestStore, { studyInstanceUID }: FoundStudy): HeldFound['reasons'] {
  const files = heldBack.value.filter((file) => file.studyInstanceUID === studyInstanceUID);
  return [...new Set(files.map(({ reason }) => reason))].map((reason) => ({
    reason,
    instances: files.filter((file) => file.reason === reason).length,
    isReleasable: files.every((file) => file.reason !== reason || file.isReleasable),
  }));
}
