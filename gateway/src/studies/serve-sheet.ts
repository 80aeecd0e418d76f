/**
 * Sheets are drawn a few at once, one of an account, and each within one deadline for all of it. Further requests wait
 * for a place.
 */
import { Problem } from '#shared/protocol/problem.ts';
import { createPlaces } from '../http/places.ts';
import { makeSheet, type SheetTools } from './make-sheet.ts';
import type { WhoseStudy } from './study-timeline.ts';

/** A drawing holds some megabytes, and the smallest gateway has two cores. */
const PLACES = { atOnce: 2, ofOne: 1 };
/** For a place, the PACS and the drawing together; a sheet of two megabytes takes a few seconds. */
const SHEET_MS = 30_000;

type SheetServer = (whose: WhoseStudy, signal: AbortSignal) => ReturnType<typeof makeSheet>;

/** Throws `rate-limited` where its place or the drawing does not come in time, and `called-off`. */
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
