/**
 * Removes old finished studies from this device, because the list would otherwise grow for ever. The gateway's list
 * of the day and the stored receipts stay. A study with instances that wait for a person is never removed.
 */
import { DAY_MS } from '#shared/day.ts';
import { dropStudy } from './drop-study.ts';
import type { LocalDatabase, StudyRow } from './local-database.ts';

/** Longer than people ask "did it arrive?", but short enough that a busy device lists only some thousand studies. */
export const KEPT_DAYS = 30;

/** `now` in milliseconds since 1970. */
export async function forgetFinished(database: LocalDatabase, now: number): Promise<void> {
  const isOld = ({ state, held, completedAt, queuedAt }: StudyRow): boolean =>
    (state === 'done' || state === 'taken-back') &&
    held.reasons.length === 0 &&
    (completedAt ?? queuedAt) < now - KEPT_DAYS * DAY_MS;
  for (const { id } of await database.studies.filter(isOld).toArray()) await dropStudy(database, id);
}
