/**
 * Keeps the shell of the app (page, scripts, styles, icons) so that it opens without a network. No answer of the API is
 * ever kept: every request outside the precache goes to the network untouched. A newer version waits until the page
 * asks it to take over.
 *
 * The page is kept with its headers, including the Content-Security-Policy. At each navigation, and when the page asks,
 * it is fetched again in the background, and replaced if only its headers differ.
 *
 * Where the browser has Background Sync the service worker also sends the queue when no page is open. The code for that
 * is read at installation and run only when needed, so that opening the app does not wait for it.
 */
import {
  cleanupOutdatedCaches,
  PrecacheController,
  PrecacheRoute,
  type PrecacheEntry,
} from 'workbox-precaching';
import { registerRoute } from 'workbox-routing';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { RENEW_PAGE } from '../net/renew-page.ts';
import { GIVE_WAY, QUEUE_TAG, TAKE_OVER } from './worker-messages.ts';

/** Background Sync §5.4, Periodic Background Sync §5.3. The DOM's types cover only the page's side. */
interface LastingEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
/** Service Workers §4.6, §4.8. */
interface NavigationEvent extends LastingEvent {
  readonly request: { readonly mode: string };
}
interface LastingMessage extends LastingEvent {
  readonly data: unknown;
  readonly ports: readonly MessagePort[];
}
interface SyncEvent extends LastingEvent {
  readonly tag: string;
}
/** Notifications API §2.8. */
interface NotificationEvent extends LastingEvent {
  readonly notification: { close(): void };
}
/** Service Workers §4.2. */
interface OpenWindow {
  focus(): Promise<unknown>;
  navigate(url: string): Promise<unknown>;
}

/** The few parts of the worker's scope that are used here. */
declare const self: {
  /** Written by the build: every file of the shell with its revision. */
  readonly __WB_MANIFEST: PrecacheEntry[];
  readonly clients: {
    claim(): Promise<void>;
    matchAll(which: { readonly type: 'window' }): Promise<readonly OpenWindow[]>;
    openWindow(url: string): Promise<unknown>;
  };
  /** Set by the background sender's script. Rejects while something is left to send. */
  sendWhatWaits?: (signal: AbortSignal) => Promise<void>;
  skipWaiting(): Promise<void>;
  addEventListener(type: 'fetch', listener: (event: NavigationEvent) => void): void;
  addEventListener(type: 'message', listener: (event: LastingMessage) => void): void;
  addEventListener(type: 'install' | 'activate', listener: (event: LastingEvent) => void): void;
  addEventListener(type: 'sync' | 'periodicsync', listener: (event: SyncEvent) => void): void;
  addEventListener(type: 'notificationclick', listener: (event: NotificationEvent) => void): void;
};

const STUDIES = '/#/studies';
const files = self.__WB_MANIFEST;
const sender = files.find(({ url }) => url.includes('/background-sender-'))!;

const shell = new PrecacheController();
const shellFiles = files.filter((file) => file !== sender);
shell.addToCacheList(shellFiles);
// Every page is an address with `#`, so `/` is the only address that is navigated to. The precache answers it with
// index.html.
registerRoute(new PrecacheRoute(shell));
cleanupOutdatedCaches();

/** Browsers open this many connections to one server over HTTP/1.1. */
const FETCHED_AT_ONCE = 6;

/**
 * Fetches the missing files of the shell. Workbox itself fetches one file after the other, because browsers gave up on
 * hundreds at once (GoogleChrome/workbox#2528), but on a slow link the round trips add up.
 */
async function fetchShell(event: LastingEvent): Promise<void> {
  const waiting = shellFiles.values();
  const lane = async (): Promise<void> => {
    for (const { url, revision, integrity } of waiting) {
      const params = { cacheKey: shell.getCacheKeyForURL(url)! };
      const cache = revision ? 'reload' : 'default';
      const request = new Request(url, { cache, credentials: 'same-origin', integrity: integrity ?? '' });
      await Promise.all(shell.strategy.handleAll({ request, event, params }));
    }
  };
  // A failed file stops only its own lane, and the next attempt reuses what the other lanes have fetched.
  const lanes = await Promise.allSettled(Array.from({ length: FETCHED_AT_ONCE }, lane));
  for (const outcome of lanes) if (outcome.status === 'rejected') throw outcome.reason;
}

const ANSWER_MS = 10_000;

/**
 * Replaces the kept page with the gateway's answer if the text is the same. A different text belongs to another
 * version, which comes as a whole with its own service worker. Rejects where the gateway cannot be reached.
 */
async function renewPage(): Promise<void> {
  const key = shell.getCacheKeyForURL('/index.html')!;
  const answer = await fetch('/', {
    cache: 'reload',
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const text = await answer.clone().text();
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    const kept = await cache.match(key);
    if (kept !== undefined && answer.ok && (await kept.text()) === text) await cache.put(key, answer);
  }
}

self.addEventListener('fetch', (event) => {
  if (event.request.mode === 'navigate')
    event.waitUntil(ignoreFailure(renewPage(), 'the page is on the screen; the next navigation tries again'));
});

/**
 * The browser stores the script with the worker when it is first imported, and that must happen at installation
 * (Service Workers §4.3.1).
 */
function readSender(): void {
  if (self.sendWhatWaits === undefined) importScripts(`/${sender.url}`);
}

self.addEventListener('install', (event) => event.waitUntil((async () => readSender())()));
self.addEventListener('install', (event) => event.waitUntil(fetchShell(event)));
// The worker also serves the first page, so that it finds all its parts without a network. Nothing waits for this:
// pages that reload after an update wait until the worker is active.
self.addEventListener('activate', (event) => {
  void shell.activate(event);
  void self.clients.claim();
});

let sending: Promise<void> | null = null;
let over = new AbortController();

self.addEventListener('message', (event) => {
  if (event.data === TAKE_OVER) void self.skipWaiting();
  if (event.data === GIVE_WAY) over.abort();
  if (event.data === RENEW_PAGE)
    event.waitUntil(
      renewPage().then(
        () => event.ports[0]?.postMessage(true),
        () => event.ports[0]?.postMessage(false),
      ),
    );
});

/**
 * Only one run at a time, whichever event starts it. If it rejects, the browser asks again later (Background Sync
 * §5.3).
 */
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

/** Opens the list of studies, which shows what has arrived and what needs a decision. */
async function showStudies(): Promise<void> {
  const [open] = await self.clients.matchAll({ type: 'window' });
  if (!open) return void (await self.clients.openWindow(STUDIES));
  await open.focus();
  await open.navigate(STUDIES);
}

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(showStudies());
});
