/** Names what of a study is not in the PACS because of this device or its person, in sentences. Pure. */
import { sumOf } from '../queue/count-reasons.ts';
import type { QueuedStudy } from '../queue/queued-study.ts';
import { uploadWords } from './upload-words.ts';

export function notSentOf({
  needs,
  track,
  state,
}: Pick<QueuedStudy, 'needs' | 'track' | 'state'>): readonly string[] {
  const held = sumOf(needs.filter(({ cause }) => cause === 'held'));
  return [
    ...(held > 0 ? [uploadWords.stayed(held)] : []),
    ...(track.leftOut > 0 && state !== 'taken-back' ? [uploadWords.leftOutHere(track.leftOut)] : []),
  ];
}
