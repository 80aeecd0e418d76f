/**
 * News of queued studies for a person who looks elsewhere: one has arrived, or one needs somebody. The study keeps
 * which news of it was taken: the next page or service worker takes what one that has ended never saw, and no two of
 * them tell the same. A person may read news on a locked screen, so it names nobody.
 */
import { countStudy } from '../count-study.ts';
import type { Track, UnreadFiles } from '../queued-study.ts';
import type { LocalDatabase, StudyRow } from './local-database.ts';

export interface StudyNews {
  /** A random id, of this device alone. */
  readonly id: string;
  readonly modalities: readonly string[];
  /** All that were chosen. */
  readonly instances: number;
  /** Where they are (count-study.ts). */
  readonly track: Pick<Track, 'inPacs' | 'needsYou'>;
  readonly leftUnread?: UnreadFiles | undefined;
  readonly what: NonNullable<StudyRow['told']>;
}

/** The news that nobody has taken yet. */
export async function takeNews(database: LocalDatabase): Promise<readonly StudyNews[]> {
  const isNew = (row: StudyRow): boolean => standingOf(row) !== row.told;
  // Asked at every change of the queue, and mostly there is none: only what is new is written.
  const ids = (await database.studies.toArray()).filter(isNew).map(({ id }) => id);
  if (ids.length === 0) return [];
  return database.transaction('rw', database.studies, async () => {
    const rows = (await database.studies.bulkGet(ids)).filter((row) => row !== undefined).filter(isNew);
    await database.studies.bulkPut(rows.map((row) => ({ ...row, told: standingOf(row) })));
    return rows.flatMap((row) => toNews(row) ?? []);
  });
}

function toNews(row: StudyRow): StudyNews | null {
  const what = standingOf(row);
  if (what === undefined) return null;
  return {
    id: row.id,
    modalities: row.about.modalities,
    instances: row.chosen,
    track: countStudy(row).track,
    leftUnread: row.leftUnread,
    what,
  };
}

/** A study of which a person left everything out is over, and nothing of it has arrived. */
function standingOf(row: StudyRow): StudyRow['told'] {
  const { track } = countStudy(row);
  if (track.needsYou > 0) return 'needs-you';
  return row.state === 'done' && track.inPacs > 0 ? 'arrived' : undefined;
}
