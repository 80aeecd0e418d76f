/** The start of the page: makes the stores, resumes the session of last time, and draws the frame. */
import { computed, signal } from '@preact/signals';
import { render } from 'preact';
import { afterDrawing } from './kit/after-drawing.ts';
import { App } from './app/App.tsx';
import { askForBackgroundSync, goesOnAlone } from './app/background-sync.ts';
import { clearBars } from './app/clear-bars.ts';
import { untilSome } from './app/current-account.ts';
import { createDevice } from './app/device.ts';
import { FIRST_FORMATS } from './kit/format.ts';
import { watchInstallOffer } from './app/install-offer.ts';
import type { ChoiceMemory } from './app/watch-lost-choice.ts';
import { createLooks } from './app/looks.ts';
import { takeLaunches } from './app/launches.ts';
import { ProvideStores } from './app/ProvideStores.tsx';
import { createRoute, hrefOf } from './kit/routes.ts';
import { createUpdate, pageAround } from './app/updates.ts';
import { keepAwake } from './app/wake-lock.ts';
import { watchLink } from './net/watch-link.ts';

const page = new AbortController();
const looks = createLooks(document.documentElement, window.localStorage);
const route = createRoute(window, page.signal);
const install = watchInstallOffer(window);
const device = createDevice();
const { serviceWorker: workers, locks, wakeLock } = navigator;
const around = pageAround(window);
const { ingest, queue } = device;
const update = createUpdate({
  workers,
  locks,
  tabId: crypto.randomUUID(),
  page: around,
  isAtWork: computed(() => ingest.phase.value !== 'idle' || queue.unsafe.value > 0),
});
askForBackgroundSync({ workers, waits: computed(() => queue.safe.value > 0), ...around });
// If the browser sends without a page, only instances that are not safe yet need it.
const travels = computed(
  () =>
    !goesOnAlone(globalThis) &&
    queue.link.value !== 'offline' &&
    queue.studies.value.some(({ state }) => state === 'uploading'),
);
keepAwake({ wakeLock, wanted: computed(() => queue.unsafe.value > 0 || travels.value), ...around });

const choiceLost = signal<ChoiceMemory | null>(null);
const { takeNews } = device;
const news = { workers, studies: queue.studies, isHidden: around.isHidden, takeNews };
// Until somebody is here, or files or studies are, nothing can be lost or become news: the sign-in page goes without.
const hasBegun = computed(
  () =>
    device.session.user.value !== null || ingest.studies.value.length > 0 || queue.studies.value.length > 0,
);
void untilSome(computed(() => hasBegun.value || null))
  .then(afterDrawing)
  .then(async () => {
    choiceLost.value = (await import('./app/watch-lost-choice.ts')).watchLostChoice(device);
    (await import('./app/tell-news.ts')).tellNews(news);
  });

// The build dispatches this event when a part of the page cannot be fetched: another version was installed on
// the server, or there is no network.
window.addEventListener('vite:preloadError', update.partMissing);

takeLaunches(window, { show: (hash) => (location.hash = hash), take: (files) => ingest.addFiles(files) });
device.start(() => location.replace(hrefOf({ page: 'start' })));
watchLink({
  ...around,
  baseUrl: device.api.baseUrl,
  fetch: (...request) => fetch(...request),
  isOnline: () => navigator.onLine,
  later: (work, ms) => void setTimeout(work, ms),
  known: () => queue.link.peek(),
  tell: device.noteLink,
});
const app = document.getElementById('app')!;
render(
  <ProvideStores device={device} looks={looks}>
    <App
      route={route}
      update={update}
      install={install}
      lockMinutes={device.lockMinutes}
      policies={device.policies}
      choiceLost={choiceLost}
    />
  </ProvideStores>,
  app,
);
clearBars(app);
void FIRST_FORMATS.reduce<Promise<unknown>>(
  (before, make) => before.then(afterDrawing).then(make),
  Promise.resolve(),
);
