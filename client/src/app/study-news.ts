/**
 * News of queued studies for a person who looks elsewhere: one has arrived, or one needs somebody. It may be read on
 * a locked screen, so it names nobody. Pure.
 */
import type { UploadState } from '#shared/protocol/upload-state.ts';
import type { Track } from '../pipeline/queue/queued-study.ts';

/** A queued study, as the page and the service worker know it. */
export interface WatchedStudy {
  /** Of this device alone, at random. */
  readonly id: string;
  readonly modalities: readonly string[];
  /** All that were chosen. */
  readonly instances: number;
  /** Where they are (count-study.ts). */
  readonly track: Pick<Track, 'inPacs' | 'needsYou'>;
  readonly state: UploadState;
}

export interface StudyNews extends Pick<WatchedStudy, 'id' | 'modalities' | 'instances' | 'track'> {
  readonly what: 'arrived' | 'needs-you';
}

/** The news since the last call; none of a study that is seen for the first time. */
export type NewsSince = (studies: readonly WatchedStudy[]) => readonly StudyNews[];

export function createNewsSince(): NewsSince {
  let before: ReadonlyMap<string, StudyNews['what'] | null> = new Map();
  return (studies) => {
    const known = before;
    before = new Map(studies.map((study) => [study.id, standingOf(study)]));
    return studies.flatMap(({ id, modalities, instances, track }) => {
      const what = before.get(id) ?? null;
      if (what === null || !known.has(id) || known.get(id) === what) return [];
      return [{ id, modalities, instances, track, what }];
    });
  };
}

/** A study of which a person left everything out is over, and nothing of it has arrived. */
function standingOf({ track, state }: WatchedStudy): StudyNews['what'] | null {
  if (track.needsYou > 0) return 'needs-you';
  return state === 'done' && track.inPacs > 0 ? 'arrived' : null;
}
