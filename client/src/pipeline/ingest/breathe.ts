/** Yields the page's thread during long work: other work, above all a finger on the glass, gets its turn. */
import type { IngestTools } from './ingest-state.ts';

/** Work in one turn; a tablet is four times as slow. */
const TURN_MS = 8;

/** Call it after each piece of work: it yields the thread when the last turn is that long ago. */
export function createBreath({ now, later }: Pick<IngestTools, 'now' | 'later'>): () => Promise<void> {
  let since = now();
  return async () => {
    if (Math.abs(now() - since) < TURN_MS) return;
    await new Promise<void>((resolve) => later(resolve, 0));
    since = now();
  };
}
