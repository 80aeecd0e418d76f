/** Reads from the gateway's list what became of a study that was cancelled on this device. Pure. */
import type { SentStudy } from '#shared/protocol/studies.ts';
import type { ToldSince } from '../queued-study.ts';
import type { StudyRow } from './local-database.ts';

type Cancelled = Pick<StudyRow, 'uploadId' | 'chosen'>;

/**
 * Uploads of one study may hold the same instances, so that they are not added up: the one counts of which the most is
 * in the PACS.
 */
export function toldSince({ uploadId, chosen }: Cancelled, uploads: SentStudy['uploads']): ToldSince {
  const most = Math.max(0, ...uploads.map(({ counts }) => counts.inPacs));
  const those = most === 0 ? [] : uploads.filter(({ counts }) => counts.inPacs === most);
  const other = those.find((upload) => upload.uploadId !== uploadId);
  return {
    inPacs: Math.min(most, chosen),
    uploadId: (other ?? those[0])?.uploadId ?? null,
    isOther: other !== undefined,
  };
}
