/** Signals that the uploader may have something new to do. */
import { liveQuery } from 'dexie';
import type { LocalDatabase } from './local-database.ts';
import { knownWifiTerms } from './wifi-terms.ts';

/**
 * Calls `onChange` whenever any tab changes the queued studies, or the connections over which they are sent. Returns
 * a function that stops it.
 */
export function watchQueue(database: LocalDatabase, onChange: () => void): () => void {
  const watched = liveQuery(async () => {
    const { only, anywayUntil, anyway } = await knownWifiTerms(database);
    const studies = (await database.studies.toArray()).map(
      ({ id, state, named, waiting, paused, rank, score, trouble, turn, untold }) =>
        [id, state, named, waiting === 'interrupted', paused, rank, score, trouble, turn, untold].join(' '),
    );
    return [only, anywayUntil, ...anyway, ...studies].join();
  });
  let last = '';
  const subscription = watched.subscribe((states) => {
    if (states === last) return;
    last = states;
    onChange();
  });
  return () => subscription.unsubscribe();
}
