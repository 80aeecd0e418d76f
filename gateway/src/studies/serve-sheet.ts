/**
 * Draws a few sheets at a time, and one at a time for each account. Further requests wait in a queue. One deadline
 * covers the wait and the drawing.
 */
import { Problem } from '#shared/protocol/problem.ts';
import { createPlaces } from '../http/places.ts';
import { makeSheet, type SheetTools } from './make-sheet.ts';
import type { WhoseStudy } from './study-timeline.ts';

/** Drawing a sheet takes some megabytes of memory, and the smallest gateway has two cores. */
const PLACES = { atOnce: 2, ofOne: 1 };
/** The deadline for queueing, asking the PACS and drawing together. A sheet of two megabytes takes a few seconds. */
const SHEET_MS = 30_000;

type SheetServer = (whose: WhoseStudy, signal: AbortSignal) => ReturnType<typeof makeSheet>;

/** Throws Problem `rate-limited` where the sheet is not ready in time, and `called-off` where the caller gave up. */
export function createSheetServer(tools: SheetTools, withinMs = SHEET_MS): SheetServer {
  const places = createPlaces(PLACES);
  return async (whose, signal) => {
    const late = AbortSignal.timeout(withinMs);
    const until = AbortSignal.any([signal, late]);
    try {
      const leave = await places.enter(whose.accountId, until);
      try {
        return await makeSheet(tools, whose, until);
      } finally {
        leave();
      }
    } catch (error) {
      if (signal.aborted) throw new Problem('called-off');
      if (late.aborted) throw new Problem('rate-limited', undefined, { 'Retry-After': '10' });
      throw error;
    }
  };
}
