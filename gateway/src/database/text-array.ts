/** Many texts as one parameter. */
import { sql, type RawBuilder } from 'kysely';

/**
 * Of UIDs, digests and other texts without control characters, which alone JSON writes in another way. The driver's own
 * way of writing an array holds the event loop for 15 ms for 20 000 of them.
 */
export const textArray = (texts: Iterable<string>): RawBuilder<readonly string[]> =>
  sql`${`{${JSON.stringify([...texts]).slice(1, -1)}}`}::text[]`;
