/** Yields the page's thread during long work, so that other work, above all touch input, gets its turn. */
import type { IngestTools } from './ingest-state.ts';

/** The work done in one turn; on a tablet it takes four times as long. */
const TURN_MS = 8;

/** Call it after each piece of work: it yields the thread if the last yield was longer ago than one turn. */
export function createBreath({ now, later }: Pick<IngestTools, 'now' | 'later'>): () => Promise<void> {
  let since = now();
  return async () => {
    if (Math.abs(now() - since) < TURN_MS) return;
    await new Promise<void>((resolve) => later(resolve, 0));
    since = now();
  };
}
