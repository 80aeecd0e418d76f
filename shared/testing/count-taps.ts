/** Counts what a finger does on a page of a real browser, from its next opening on. */
import type { Page } from 'playwright-core';

/** Runs in the page, before its scripts. */
function note(): void {
  const counted = globalThis as { taps?: number };
  counted.taps = 0;
  addEventListener('pointerdown', () => (counted.taps = (counted.taps ?? 0) + 1), { capture: true });
}

export interface TapCount {
  /** Since the page was opened, or `again` was called. */
  now(): Promise<number>;
  again(): Promise<void>;
}

export async function countTaps(page: Page): Promise<TapCount> {
  await page.addInitScript(note);
  const all = () => page.evaluate(() => (globalThis as { taps?: number }).taps ?? 0);
  let before = 0;
  return {
    now: async () => (await all()) - before,
    async again() {
      before = await all();
    },
  };
}
