/** Resolves when the page is drawn and the browser has time for work that nobody waits for. */

/** Any later, the remaining queue would wait without reason; any sooner, the work would compete with the first page. */
const IDLE_WITHIN_MS = 1_000;
const BREATH_MS = 200;

/** Waits until the browser is idle. Safari has no `requestIdleCallback`, so there a short timer is used. */
export function afterDrawing(): Promise<void> {
  return new Promise((resolve) => {
    if ('requestIdleCallback' in globalThis)
      requestIdleCallback(() => resolve(), { timeout: IDLE_WITHIN_MS });
    else setTimeout(resolve, BREATH_MS);
  });
}
