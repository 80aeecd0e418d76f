/**
 * New versions, seen from the page. A newer service worker waits until nobody is reading, naming or packing
 * in any tab; then a person may press, or it takes over by itself where nobody looks: at the start of a page
 * that nobody has touched yet, and when all windows are hidden. Uploads under way are cut off by the reload
 * and go on after it; what is queued is not touched.
 *
 * A page whose parts are gone (another version was put on the server meanwhile) says so, and is loaded again
 * as soon as nothing can be lost.
 */
import { effect, signal, type ReadonlySignal } from '@preact/signals';
import { SESSION_LOCK } from '../net/session.ts';
import { GIVE_WAY, TAKE_OVER } from './worker-messages.ts';

/** What the person is told about versions. */
export type UpdateState =
  /** Nothing to say. */
  | 'none'
  /** A newer version waits. */
  | 'ready'
  /** It was asked for while somebody reads or packs in another window. */
  | 'other-window'
  /** It has taken over while something is under way here; the page is loaded again afterwards. */
  | 'loads-again'
  /** A part of this version cannot be fetched any more. */
  | 'part-missing'
  /** This is the newer one. */
  | 'taken';

export type Update = {
  readonly state: ReadonlySignal<UpdateState>;
  /** Takes the newer version, or loads the page again where a part of it is missing. */
  use(): void;
  /** It was read. */
  dismiss(): void;
  /** A script of this page could not be fetched. */
  partMissing(): void;
};

export type UpdateTools = {
  /** Undefined in an old browser and on a plain-http address: the app works, but not offline. */
  readonly workers: ServiceWorkerContainer | undefined;
  readonly locks: Pick<LockManager, 'request' | 'query'>;
  /** This tab among all. */
  readonly tabId: string;
  /**
   * Something of this page would be lost with it: files that were read, a study that is being named or
   * packed.
   */
  readonly isAtWork: ReadonlySignal<boolean>;
  readonly page: PageAround;
};

/** The page itself, as far as updates care. */
export type PageAround = {
  /** `because`: what `openedBecause` says after it. */
  reload(because?: 'update'): void;
  openedBecause(): 'update' | null;
  /** Nobody has touched the page since it was opened. */
  isUntouched(): boolean;
  isHidden(): boolean;
  /** Shown, hidden, or online again. */
  onChange(listener: () => void): void;
};

/** How often a page that stays open for days asks for a newer version. */
const ASK_EVERY_MS = 60 * 60 * 1000;
/** Each tab holds a lock under these names and its own id while it is so. */
const AT_WORK = 'relaypacs-at-work-';
const IN_SIGHT = 'relaypacs-in-sight-';
/** The writers of studies hold locks of this kind, each for a study (device.ts). */
const WRITING = 'relaypacs-writing-';

/** Registers the service worker. Never throws. */
export function createUpdate({ workers, locks, tabId, isAtWork, page }: UpdateTools): Update {
  const state = signal<UpdateState>(page.openedBecause() === 'update' ? 'taken' : 'none');
  const isInSight = signal(!page.isHidden());
  let registration: ServiceWorkerRegistration | null = null;
  let wasControlled = Boolean(workers?.controller);

  holdWhile(locks, AT_WORK + tabId, isAtWork);
  holdWhile(locks, IN_SIGHT + tabId, isInSight);

  /** Whether another tab holds a lock whose name begins so. */
  async function othersHold(...kinds: string[]): Promise<boolean> {
    const { held = [] } = await locks.query();
    return held.some(({ name = '' }) => !name.endsWith(tabId) && kinds.some((kind) => name.startsWith(kind)));
  }

  /** False where somebody is at work somewhere. */
  async function takeOver(): Promise<boolean> {
    if (isAtWork.peek() || (await othersHold(AT_WORK, WRITING))) return false;
    registration?.active?.postMessage(GIVE_WAY);
    registration?.waiting?.postMessage(TAKE_OVER);
    return true;
  }

  async function takeOverUnseen(): Promise<void> {
    if ((page.isHidden() || page.isUntouched()) && !(await othersHold(IN_SIGHT))) await takeOver();
  }

  function offer(): void {
    // Without a controller this is the first visit: nothing is replaced, so there is nothing to offer.
    if (!registration?.waiting || !workers?.controller) return;
    if (state.value !== 'part-missing') state.value = 'ready';
    void (state.value === 'part-missing' ? takeOver() : takeOverUnseen());
  }

  function watch(registered: ServiceWorkerRegistration): void {
    registration = registered;
    const follow = (arriving: ServiceWorker | null) =>
      arriving?.addEventListener('statechange', () => arriving.state === 'installed' && offer());
    // One that the browser found as the page was opened may be on its way already.
    follow(registered.installing);
    registered.addEventListener('updatefound', () => follow(registered.installing));
    offer();
    ask();
    setInterval(ask, ASK_EVERY_MS);
  }

  // Offline there is none; it is asked for again.
  const ask = () => void registration?.update().catch(() => undefined);

  /** As soon as nothing is lost with the page. */
  function reloadWhenSafe(): void {
    if (isAtWork.peek()) state.value = 'loads-again';
    // Not in the middle of a renewal: the answer that is not taken would end the session.
    const reload = () =>
      locks.request(SESSION_LOCK, () => (page.reload('update'), new Promise(() => undefined)));
    effect(() => void (isAtWork.value || reload()));
  }

  workers?.addEventListener('controllerchange', () => {
    if (wasControlled) reloadWhenSafe();
    wasControlled = true;
  });
  page.onChange(() => {
    isInSight.value = !page.isHidden();
    if (page.isHidden()) offer();
    else ask();
  });
  workers?.register('/service-worker.js').then(watch, () => undefined);

  return {
    state,
    use() {
      if (!registration?.waiting) return page.reload();
      void takeOver().then((isTaken) => void (isTaken || (state.value = 'other-window')));
    },
    dismiss: () => void (state.value = 'none'),
    partMissing() {
      state.value = 'part-missing';
      ask();
      offer();
    },
  };
}

/** Other tabs see from the lock that this one is as `isSo` says. */
function holdWhile(locks: UpdateTools['locks'], name: string, isSo: ReadonlySignal<boolean>): void {
  let release: (() => void) | null = null;
  effect(() => {
    if (!isSo.value) {
      release?.();
      release = null;
    } else if (release === null) {
      const held = Promise.withResolvers<void>();
      release = held.resolve;
      void locks.request(name, () => held.promise);
    }
  });
}

/** What the address keeps over a reload of this tab; no storage that a person may have forbidden. */
const OPENED_BY_UPDATE = 'opened-by-update';

/** The browser's own page. */
export function pageAround(window: Window): PageAround {
  const { document, history, location } = window;
  const because = history.state === OPENED_BY_UPDATE ? 'update' : null;
  if (because) history.replaceState(null, '');
  let isUntouched = true;
  for (const touch of ['pointerdown', 'keydown', 'dragenter'] as const) {
    window.addEventListener(touch, () => void (isUntouched = false), {
      once: true,
      capture: true,
      passive: true,
    });
  }
  return {
    reload(why) {
      if (why) history.replaceState(OPENED_BY_UPDATE, '');
      location.reload();
    },
    openedBecause: () => because,
    isUntouched: () => isUntouched,
    isHidden: () => document.visibilityState === 'hidden',
    onChange(listener) {
      document.addEventListener('visibilitychange', listener);
      window.addEventListener('online', listener);
    },
  };
}
