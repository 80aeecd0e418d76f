/** Resolves when the page is drawn and the thread has time for work that nobody waits for. */

/** Later the queue of last time would wait without reason; sooner it competes with the first page. */
const IDLE_WITHIN_MS = 1_000;
const BREATH_MS = 200;

/**
 * The browser has nothing more urgent to do. Safari has no `requestIdleCallback`: there a short timer must
 * do.
 */
export function afterDrawing(): Promise<void> {
  return new Promise((resolve) => {
    if ('requestIdleCallback' in globalThis)
      requestIdleCallback(() => resolve(), { timeout: IDLE_WITHIN_MS });
    else setTimeout(resolve, BREATH_MS);
  });
}
