/**
 * Keeps the shell of the app (page, scripts, styles, icons) so that it opens without a network. No answer of
 * the API is ever kept: what is not in the precache goes to the network untouched (DESIGN §5.14). A newer
 * version waits until the page asks it to take over.
 *
 * Where the browser has Background Sync it also goes on with the queue when no page is open. What that needs
 * is read at installation and run only when it is asked for: opening the app does not wait for it.
 */
import { cleanupOutdatedCaches, precacheAndRoute, type PrecacheEntry } from 'workbox-precaching';
import { GIVE_WAY, QUEUE_TAG, TAKE_OVER } from './worker-messages.ts';

/** Background Sync §5.4, Periodic Background Sync §5.3; the DOM's types know only the page. */
interface LastingEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface SyncEvent extends LastingEvent {
  readonly tag: string;
}

/** The few parts of the worker's scope that are used here. */
declare const self: {
  /** Written by the build: every file of the shell with its revision. */
  readonly __WB_MANIFEST: PrecacheEntry[];
  readonly clients: { claim(): Promise<void> };
  /** Set by the background sender's script. Rejects while something is left to do. */
  sendWhatWaits?: (signal: AbortSignal) => Promise<void>;
  skipWaiting(): Promise<void>;
  addEventListener(type: 'message', listener: (event: MessageEvent<unknown>) => void): void;
  addEventListener(type: 'install' | 'activate', listener: (event: LastingEvent) => void): void;
  addEventListener(type: 'sync' | 'periodicsync', listener: (event: SyncEvent) => void): void;
};

const files = self.__WB_MANIFEST;
const sender = files.find(({ url }) => url.includes('/background-sender-'))!;

// Every page stands behind `#`, so `/` is the only address that is navigated to, and the precache answers it
// with index.html.
precacheAndRoute(files.filter((file) => file !== sender));
cleanupOutdatedCaches();

/**
 * Kept by the browser with the worker at the first time, which must be the installation (Service Workers
 * §4.3.1).
 */
function readSender(): void {
  if (self.sendWhatWaits === undefined) importScripts(`/${sender.url}`);
}

self.addEventListener('install', (event) => event.waitUntil((async () => readSender())()));
// The first visit is served by the worker as every later one: its pages find all their parts without a
// network. Not waited for: pages that load again after an update stand in line until the worker is active.
self.addEventListener('activate', () => void self.clients.claim());

let sending: Promise<void> | null = null;
let over = new AbortController();

self.addEventListener('message', (event) => {
  if (event.data === TAKE_OVER) void self.skipWaiting();
  if (event.data === GIVE_WAY) over.abort();
});

/** Once at a time, whichever event asks. Rejected, the browser asks again later (Background Sync §5.3). */
async function sendInBackground(): Promise<void> {
  readSender();
  if (sending === null) {
    over = new AbortController();
    sending = self.sendWhatWaits!(over.signal).finally(() => (sending = null));
  }
  await sending;
}

for (const kind of ['sync', 'periodicsync'] as const) {
  self.addEventListener(kind, (event) => {
    if (event.tag === QUEUE_TAG) event.waitUntil(sendInBackground());
  });
}
