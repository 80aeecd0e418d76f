/** Says which instances of a study are not in the PACS because of this device or its person, in sentences. Pure. */
import type { QueuedStudy } from '../queue/queued-study.ts';
import { uploadWords } from './upload-words.ts';

export function notSentOf({
  needs,
  track,
  state,
}: Pick<QueuedStudy, 'needs' | 'track' | 'state'>): readonly string[] {
  const held = needs.reduce((sum, { cause, instances }) => sum + (cause === 'held' ? instances : 0), 0);
  return [
    ...(held > 0 ? [uploadWords.stayed(held)] : []),
    ...(track.leftOut > 0 && state !== 'taken-back' ? [uploadWords.leftOutHere(track.leftOut)] : []),
  ];
}
