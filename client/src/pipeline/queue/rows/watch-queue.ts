/** Tells whenever the uploader may have something else to do. */
import { liveQuery } from 'dexie';
import type { LocalDatabase } from './local-database.ts';

/** Calls `onChange` whenever the studies in the queue change, in whichever tab; returns how to stop that. */
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
