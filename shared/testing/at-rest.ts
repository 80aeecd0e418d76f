/** A page at rest: what it was told is drawn, its listeners are in place, and nothing on it changes or moves. */
import type { Page } from 'playwright-core';

/** Runs in the page: until it has drawn three frames in a row in which nothing changed, neither content nor size. */
async function restInPage(): Promise<void> {
  const FRAMES = 3;
  let unchanged = 0;
  const observer = new MutationObserver(() => {
    unchanged = 0;
  });
  observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  // Bars and pictures take their new sizes in turn after that of the window has changed.
  const { documentElement: root } = document;
  let last = '';
  while (unchanged < FRAMES) {
    unchanged += 1;
    await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
    const bars = getComputedStyle(root).scrollPaddingBlock;
    const now = [innerWidth, root.scrollWidth, root.scrollHeight, scrollY, bars].join(' ');
    if (now !== last) unchanged = 0;
    last = now;
  }
  observer.disconnect();
}

/**
 * Waits for a page that draws what it already knows. An answer that is still on its way is none of its business: the
 * test waits for that by what it shows.
 */
export const untilAtRest = (page: Page): Promise<void> => page.evaluate(restInPage);
