/** The start of the page: makes the stores, takes up the session of last time, and draws the frame. */
import { render } from 'preact';
import { App } from './app/App.tsx';
import { createDevice } from './app/device.ts';
import { createRoute } from './app/routes.ts';
import { createTheme } from './app/theme.ts';
import { createUpdate } from './app/updates.ts';

const page = new AbortController();
const theme = createTheme(document.documentElement, window.localStorage);
const route = createRoute(window, page.signal);
const update = createUpdate(navigator.serviceWorker, () => location.reload());
const device = createDevice();

// What is still being written is lost with the page: the browser asks first. What is safe here is not.
window.addEventListener('beforeunload', (event) => {
  if (device.queue.unsafe.peek() > 0) event.preventDefault();
});

device.start();
render(<App device={device} theme={theme} route={route} update={update} />, document.getElementById('app')!);
