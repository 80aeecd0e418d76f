/** The scripts of a first visit, counted by the page on the network, until files can be chosen. */
import type { Page } from 'playwright-core';

/** Marks the moment at which files can be chosen: later requests delay no one. */
function markUsable(): void {
  const seen = new MutationObserver(() => {
    if (!document.body?.textContent?.includes('Choose files')) return;
    performance.mark('usable');
    seen.disconnect();
  });
  seen.observe(document, { childList: true, subtree: true });
}

/** Call it before the page is opened. */
export const watchFirstLoad = (page: Page) => page.addInitScript(markUsable);

/** The bytes of the scripts requested before the page was usable, as they were sent. */
export function scriptsBeforeUsable(): number {
  const usableAt = performance.getEntriesByName('usable')[0]!.startTime;
  const asked = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
  const scripts = asked.filter(
    ({ name, startTime }) => new URL(name).pathname.endsWith('.js') && startTime < usableAt,
  );
  return scripts.reduce((sum, { transferSize }) => sum + transferSize, 0);
}
