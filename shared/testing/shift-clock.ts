/**
 * A device whose clock is wrong: `Date` goes by another time in a page and in its workers; timers and
 * durations do not.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Page, Worker } from 'playwright-core';

/** Runs in the page: it sees nothing of this file. */
function shiftDate(ms: number): void {
  const scope = globalThis as unknown as { shiftedBy?: number };
  const wasShifted = scope.shiftedBy !== undefined;
  scope.shiftedBy = ms;
  if (wasShifted) return;
  const RealDate = Date;
  const now = (): number => RealDate.now() + (scope.shiftedBy ?? 0);
  class ShiftedDate extends RealDate {
    constructor(...of: readonly unknown[]) {
      super(...((of.length === 0 ? [now()] : of) as [number]));
    }
    static override now(): number {
      return now();
    }
  }
  globalThis.Date = ShiftedDate as DateConstructor;
}

export interface ShiftedClock {
  /** Shifts the clock by so many milliseconds, from now on and in everything that the page loads later. */
  set(ms: number): Promise<void>;
}

const GONE = 'a page or a worker that is gone needs no clock';

/** Before the page is loaded. */
export async function shiftClock(page: Page, ms: number): Promise<ShiftedClock> {
  let shift = ms;
  const shiftPage = (): Promise<unknown> => ignoreFailure(page.evaluate(shiftDate, shift), GONE);
  const shiftWorker = (worker: Worker): Promise<unknown> =>
    ignoreFailure(worker.evaluate(shiftDate, shift), GONE);
  await page.addInitScript(shiftDate, ms);
  page.on('worker', (worker) => void shiftWorker(worker));
  page.on('domcontentloaded', () => void (shift !== ms && shiftPage()));
  return {
    async set(to) {
      shift = to;
      await Promise.all([shiftPage(), ...page.workers().map(shiftWorker)]);
    },
  };
}
