/** The browser's offer to install the app (Chromium's `beforeinstallprompt`); other browsers make none. */
import { signal, type ReadonlySignal } from '@preact/signals';

type Offer = Event & { prompt(): Promise<unknown> };
export type Install = () => Promise<void>;

/** Null: there is no offer, because the app is installed or the browser cannot install it. */
export function watchInstallOffer(page: EventTarget): ReadonlySignal<Install | null> {
  const install = signal<Install | null>(null);
  page.addEventListener('beforeinstallprompt', (event) => {
    // The app shows the offer where a person needs it, not where the browser would put it.
    event.preventDefault();
    install.value = async () => {
      // An offer can be used once.
      install.value = null;
      await (event as Offer).prompt();
    };
  });
  page.addEventListener('appinstalled', () => (install.value = null));
  return install;
}
