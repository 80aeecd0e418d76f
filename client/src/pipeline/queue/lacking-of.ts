/** Counts the instances of a study that were left out and that the PACS lacks. Pure. */
import type { QueuedStudy } from './queued-study.ts';

/** Without those of which the PACS has another version: they are counted there. */
export const lackingOf = ({ track, versions }: Pick<QueuedStudy, 'track' | 'versions'>): number =>
  track.leftOut - versions;
