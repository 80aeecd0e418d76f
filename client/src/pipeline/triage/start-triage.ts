/**
 * Starts the models' part of the page: the store, and what it shows on a study's card. It is loaded after the page
 * was rendered.
 */
import type { IngestStore } from '../ingest/found/found-study.ts';
import type { TriageViews } from '../ingest/found/ingest-context.ts';
import type { LocalDatabase } from '../queue/rows/local-database.ts';
import { noteTriage } from '../queue/rows/note-triage.ts';
import { createCautiousWorker } from './cautious-worker.ts';
import { createModelWorker } from './model-worker.ts';
import { createTriageStore, type TriageStore } from './triage.store.ts';
import { ToRepeat } from './ToRepeat.tsx';
import { TriageNotes } from './TriageNotes.tsx';

export interface Triage extends TriageViews {
  readonly store: TriageStore;
}

/** Delays loading, so that it does not slow down the page's first seconds. */
const KEEP_AFTER_MS = 4_000;

export function startTriage(ingest: IngestStore, database: LocalDatabase): Triage {
  const worker = createModelWorker({
    spawn: () => new Worker(new URL('./triage.worker.ts', import.meta.url), { type: 'module' }),
    now: () => performance.now(),
    later(work, ms) {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
  });
  const cautious = createCautiousWorker(worker, {
    place: localStorage,
    locks: navigator.locks,
    now: Date.now,
    onLeaving: (work) => addEventListener('pagehide', work),
  });
  const store = createTriageStore({
    ingest,
    worker: cautious,
    note: (studyId, triaged) => noteTriage(database, studyId, triaged),
  });
  // To save data, they are otherwise fetched when the first film is chosen.
  if (!savesData()) setTimeout(() => void store.keep(), KEEP_AFTER_MS);
  return { store, Notes: TriageNotes, ToRepeat };
}

/** Network Information API, which the DOM's types do not include. */
function savesData(): boolean {
  return (
    'connection' in navigator &&
    (navigator.connection as { readonly saveData?: boolean } | null)?.saveData === true
  );
}
