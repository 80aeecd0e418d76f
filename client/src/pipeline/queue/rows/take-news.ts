/**
 * News for a person who is looking elsewhere: a queued study has arrived, or needs somebody. The study stores which
 * of its news was shown, so that no page or service worker shows it twice, and the next one shows what an earlier one
 * did not. News may be read on a locked screen, so it names nobody.
 */
import { countStudy } from '../count-study.ts';
import type { Track, UnreadFiles } from '../queued-study.ts';
import type { LocalDatabase, StudyRow } from './local-database.ts';

export interface StudyNews {
  /** A random id, which only this device knows. */
  readonly id: string;
  readonly modalities: readonly string[];
  /** All chosen instances. */
  readonly instances: number;
  /** The places of its instances (count-study.ts). */
  readonly track: Pick<Track, 'inPacs' | 'needsYou'>;
  readonly leftUnread?: UnreadFiles | undefined;
  readonly what: NonNullable<StudyRow['told']>;
}

/** Returns the news that nobody has taken yet, and marks it as taken. */
export async function takeNews(database: LocalDatabase): Promise<readonly StudyNews[]> {
  const isNew = (row: StudyRow): boolean => standingOf(row) !== row.told;
  // This runs at every change of the queue, and there is rarely any news: so only new rows are written.
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

/** A study of which everything was left out has ended, but has not arrived. */
function standingOf(row: StudyRow): StudyRow['told'] {
  const { track } = countStudy(row);
  if (track.needsYou > 0) return 'needs-you';
  return row.state === 'done' && track.inPacs > 0 ? 'arrived' : undefined;
}
