/** The start of the page: makes the stores, takes up the session of last time, and draws the frame. */
import { computed } from '@preact/signals';
import { render } from 'preact';
import { App } from './app/App.tsx';
import { createDevice } from './app/device.ts';
import { createRoute } from './app/routes.ts';
import { createTheme } from './app/theme.ts';
import { createUpdate, pageAround } from './app/updates.ts';

const page = new AbortController();
const theme = createTheme(document.documentElement, window.localStorage);
const route = createRoute(window, page.signal);
const device = createDevice();
const update = createUpdate({
  workers: navigator.serviceWorker, locks: navigator.locks, tabId: crypto.randomUUID(), page: pageAround(window),
  isAtWork: computed(() => device.ingest.phase.value !== 'idle' || device.queue.unsafe.value > 0),
});

// What is still being written is lost with the page: the browser asks first. What is safe here is not.
window.addEventListener('beforeunload', (event) => {
  if (device.queue.unsafe.peek() > 0) event.preventDefault();
});

// The builder's word for a part of the page that cannot be fetched: another version was put on the server, or there is no network.
window.addEventListener('vite:preloadError', update.partMissing);

device.start();
render(<App device={device} theme={theme} route={route} update={update} />, document.getElementById('app')!);
