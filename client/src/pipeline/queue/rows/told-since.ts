/** Works out, from the gateway's list, what became of a study that was cancelled on this device. Pure. */
import type { SentStudy } from '#shared/protocol/studies.ts';
import type { ToldSince } from '../queued-study.ts';
import type { StudyRow } from './local-database.ts';

type Cancelled = Pick<StudyRow, 'uploadId' | 'formerUploads' | 'chosen' | 'instances'>;

/**
 * The gateway's list names no instances, only numbers. So another upload counts only if it has as many instances as
 * this study: a part of the study from another disc does not replace this one. Uploads of one study may share
 * instances, so their numbers are not added up; the upload with the most instances in the PACS counts.
 */
export function toldSince(cancelled: Cancelled, uploads: SentStudy['uploads']): ToldSince {
  const { uploadId, formerUploads = [], chosen, instances } = cancelled;
  const own = [uploadId, ...formerUploads];
  const same = uploads.filter(
    ({ uploadId: id, counts: { promised } }) =>
      own.includes(id) || (promised >= instances && promised <= chosen),
  );
  const most = Math.max(0, ...same.map(({ counts }) => counts.inPacs));
  const those = most === 0 ? [] : same.filter(({ counts }) => counts.inPacs === most);
  const other = those.find((upload) => !own.includes(upload.uploadId));
  return {
    inPacs: Math.min(most, chosen),
    uploadId: (other ?? those[0])?.uploadId ?? null,
    isOther: other !== undefined,
  };
}
