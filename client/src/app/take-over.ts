/** What the page says to a newer service worker that waits. A file of its own, so that the worker carries nothing else of the page. */
export const TAKE_OVER = 'take-over';
