/** In the status line, once nothing waits: whether the files and the disc may go. */
import { Icon } from '../kit/Icon.tsx';
import { useIngest } from '../pipeline/ingest/ingest-context.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { provenInPacs } from './proven.ts';
import { provenWords } from './proven-words.ts';

export function ProvenNote() {
  const { sentFromHere, studies, rejected } = useIngest();
  const onPage = { found: studies.value.length, refused: rejected.value.length };
  const proven = provenInPacs(sentFromHere.value, useQueue().studies.value, onPage);
  if (proven === null) return null;
  return (
    <p class="status-item status-disc small">
      <Icon name="disc" size={20} />
      <span>{provenWords.mayGo(proven)}</span>
    </p>
  );
}
