/**
 * Keeps the shell of the app (page, scripts, styles, icons) so that it opens without a network. No answer of the API is ever kept: what
 * is not in the precache goes to the network untouched (DESIGN §5.14). A newer version waits until the page asks it to take over.
 */
import { cleanupOutdatedCaches, precacheAndRoute, type PrecacheEntry } from 'workbox-precaching';
import { TAKE_OVER } from './app/take-over.ts';

/** The few parts of the worker's scope that are used here; the DOM's types know only the page. */
declare const self: {
  /** Written by the build: every file of the shell with its revision. */
  readonly __WB_MANIFEST: (PrecacheEntry | string)[];
  skipWaiting(): Promise<void>;
  addEventListener(type: 'message', listener: (event: MessageEvent<unknown>) => void): void;
};

// Every page stands behind `#`, so `/` is the only address that is navigated to, and the precache answers it with index.html.
precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();

self.addEventListener('message', (event) => {
  if (event.data === TAKE_OVER) void self.skipWaiting();
});
