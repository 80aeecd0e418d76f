/** Signals that the uploader may have something new to do. */
import { liveQuery } from 'dexie';
import type { LocalDatabase } from './local-database.ts';

/** Calls `onChange` whenever any tab changes the studies in the queue; returns a function that stops it. */
export function watchQueue(database: LocalDatabase, onChange: () => void): () => void {
  const watched = liveQuery(async () =>
    (await database.studies.toArray())
      .map(({ id, state, named, waiting, paused, rank, score, trouble, turn }) =>
        [id, state, named, waiting === 'interrupted', paused, rank, score, trouble, turn].join(' '),
      )
      .join(),
  );
  let last = '';
  const subscription = watched.subscribe((states) => {
    if (states === last) return;
    last = states;
    onChange();
  });
  return () => subscription.unsubscribe();
}
