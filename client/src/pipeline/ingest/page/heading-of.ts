/** The heading of the upload page: what was found and, while Send runs, how much of it is not safe yet. */
import { kitWords } from '../../../kit/kit-words.ts';
import type { IngestStore } from '../found/found-study.ts';
import { ingestWords } from './ingest-words.ts';
import { sendableOf, type Staying } from '../found/sendable.ts';

export function headingOf(ingest: Staying & Pick<IngestStore, 'phase' | 'studies'>): string {
  const found = ingest.studies.value.length;
  if (found === 0) return kitWords.pages.upload;
  const { sentAs } = sendableOf(ingest);
  return ingest.phase.value === 'queueing' && sentAs > 0
    ? ingestWords.makingSafe(sentAs)
    : ingestWords.found(found);
}
