/**
 * The service worker, seen from the page: it serves the shell when there is no network, and says when a newer one waits. The newer one
 * takes over only when a person says so (`use`); the page then loads once more.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import { TAKE_OVER } from './take-over.ts';

export type Update = { readonly ready: ReadonlySignal<boolean>; readonly use: () => void };

/** How often a page that stays open for days asks for a newer version. */
const ASK_EVERY_MS = 60 * 60 * 1000;

/** Registers the service worker. Never throws: without one (an old browser, a plain-http address) the app works, but not offline. */
export function createUpdate(workers: ServiceWorkerContainer | undefined, reload: () => void): Update {
  const ready = signal(false);
  let waiting: ServiceWorker | null = null;
  let asked = false;

  const offer = (registration: ServiceWorkerRegistration) => {
    // Without a controller this is the first visit: nothing is replaced, so there is nothing to offer.
    if (!registration.waiting || !workers?.controller) return;
    waiting = registration.waiting;
    ready.value = true;
  };

  const watch = (registration: ServiceWorkerRegistration) => {
    offer(registration);
    registration.addEventListener('updatefound', () => {
      const arriving = registration.installing;
      arriving?.addEventListener('statechange', () => arriving.state === 'installed' && offer(registration));
    });
    setInterval(() => void registration.update().catch(() => undefined), ASK_EVERY_MS);
  };

  workers?.addEventListener('controllerchange', () => asked && reload());
  workers?.register('/service-worker.js', { type: 'module' }).then(watch, () => undefined);
  return {
    ready,
    use: () => {
      asked = true;
      waiting?.postMessage(TAKE_OVER);
    },
  };
}
