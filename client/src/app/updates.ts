/**
 * Handles new versions from within the page. A newer service worker waits until no tab is reading, naming or packing.
 * Then a person may take it, or it takes over unnoticed: at the start of a page that nobody has touched yet, or when
 * all windows are hidden. The reload interrupts uploads, which resume afterwards; the queue is not touched.
 *
 * A page with missing parts (another version was installed on the server meanwhile) says so, and reloads as soon as
 * nothing can be lost.
 */
import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { SESSION_LOCK } from '../net/session.ts';
import { GIVE_WAY, TAKE_OVER } from './worker-messages.ts';

/** The message about versions on the screen. */
export type UpdateState =
  /** No message. */
  | 'none'
  /** A newer version waits. */
  | 'ready'
  /** A person asked for the newer version while another window is reading or packing. */
  | 'other-window'
  /** The newer version has taken over while this page is at work. The page reloads once it is done. */
  | 'loads-again'
  /** Part of this version can no longer be fetched. */
  | 'part-missing'
  /** The page runs the newer version. */
  | 'taken';

export type Update = {
  readonly state: ReadonlySignal<UpdateState>;
  /** Everything that the app needs is stored on this device. */
  readonly worksOffline: ReadonlySignal<boolean>;
  /** Takes the newer version, or reloads the page if a part of it is missing. */
  use(): void;
  /** Hides the message, because the person has read it. */
  dismiss(): void;
  /** Called when a script of this page could not be fetched. */
  partMissing(): void;
};

type UpdateTools = {
  /** Undefined in an old browser and on a plain-HTTP address: the app works there, but not offline. */
  readonly workers: ServiceWorkerContainer | undefined;
  readonly locks: Pick<LockManager, 'request' | 'query'>;
  /** Identifies this tab among all tabs. */
  readonly tabId: string;
  /** Whether a reload would lose something: files that were read, or a study that is being named or packed. */
  readonly isAtWork: ReadonlySignal<boolean>;
  readonly page: PageAround;
};

/** What updates need of the page itself. */
type PageAround = {
  /** `because`: the value that `openedBecause` returns after the reload. */
  reload(because?: 'update'): void;
  openedBecause(): 'update' | null;
  /** Nobody has touched the page since it was opened. */
  isUntouched(): boolean;
  isHidden(): boolean;
  /** Calls `listener` when the page is shown, hidden, or online again. */
  onChange(listener: () => void): void;
};

/** A page that stays open for days asks for a newer version this often. */
const ASK_EVERY_MS = 60 * 60 * 1000;
/** While a tab is at work or in sight, it holds a lock with this name followed by its own id. */
const AT_WORK = 'relaypacs-at-work-';
const IN_SIGHT = 'relaypacs-in-sight-';
/** The prefix of the lock held for each study that is being written (leader-lock.ts). */
const WRITING = 'relaypacs-writing-';

interface Watched extends UpdateTools {
  readonly state: Signal<UpdateState>;
  registration: ServiceWorkerRegistration | null;
}

/** Registers the service worker. Never throws. */
export function createUpdate(tools: UpdateTools): Update {
  const { locks, tabId, isAtWork, page } = tools;
  const state = signal<UpdateState>(page.openedBecause() === 'update' ? 'taken' : 'none');
  const worksOffline = signal(false);
  const watched: Watched = { ...tools, state, registration: null };
  const isInSight = signal(!page.isHidden());
  holdWhile(locks, AT_WORK + tabId, isAtWork);
  holdWhile(locks, IN_SIGHT + tabId, isInSight);
  page.onChange(() => {
    isInSight.value = !page.isHidden();
    if (page.isHidden()) offer(watched);
    else ask(watched);
  });
  reloadWhenTakenOver(watched);
  void register(watched);
  // A worker is active once it has stored every file of the app.
  void tools.workers?.ready.then(() => (worksOffline.value = true));
  return {
    state,
    worksOffline,
    use() {
      if (!watched.registration?.waiting) return page.reload();
      void takeOver(watched).then((isTaken) => {
        if (!isTaken) state.value = 'other-window';
      });
    },
    dismiss() {
      state.value = 'none';
    },
    partMissing() {
      state.value = 'part-missing';
      ask(watched);
      offer(watched);
    },
  };
}

async function register(watched: Watched): Promise<void> {
  if (!watched.workers) return;
  const registering = watched.workers.register('/service-worker.js');
  const registration = await ignoreFailure(registering, 'without a service worker the app works online');
  if (registration) watch(watched, registration);
}

function watch(watched: Watched, registration: ServiceWorkerRegistration): void {
  watched.registration = registration;
  const follow = (arriving: ServiceWorker | null) =>
    arriving?.addEventListener('statechange', () => {
      if (arriving.state === 'installed') offer(watched);
    });
  // The browser may have found a newer worker while the page was opening.
  follow(registration.installing);
  registration.addEventListener('updatefound', () => follow(registration.installing));
  offer(watched);
  ask(watched);
  setInterval(() => ask(watched), ASK_EVERY_MS);
}

function ask({ registration }: Watched): void {
  if (registration) void ignoreFailure(registration.update(), 'offline there is none; the page asks again');
}

function offer(watched: Watched): void {
  const { registration, workers, state } = watched;
  // Without a controller this is the first visit, so there is nothing to replace.
  if (!registration?.waiting || !workers?.controller) return;
  if (state.value !== 'part-missing') state.value = 'ready';
  void (state.value === 'part-missing' ? takeOver(watched) : takeOverUnseen(watched));
}

async function takeOverUnseen(watched: Watched): Promise<void> {
  const { page } = watched;
  if ((page.isHidden() || page.isUntouched()) && !(await othersHold(watched, IN_SIGHT)))
    await takeOver(watched);
}

/** Returns false while any tab is at work. */
async function takeOver(watched: Watched): Promise<boolean> {
  const { registration, isAtWork } = watched;
  if (isAtWork.peek() || (await othersHold(watched, AT_WORK, WRITING))) return false;
  registration?.active?.postMessage(GIVE_WAY);
  registration?.waiting?.postMessage(TAKE_OVER);
  return true;
}

/** Whether another tab holds a lock whose name begins with one of `kinds`. */
async function othersHold({ locks, tabId }: UpdateTools, ...kinds: string[]): Promise<boolean> {
  const { held = [] } = await locks.query();
  return held.some(({ name = '' }) => !name.endsWith(tabId) && kinds.some((kind) => name.startsWith(kind)));
}

function reloadWhenTakenOver(watched: Watched): void {
  const { workers } = watched;
  let wasControlled = Boolean(workers?.controller);
  workers?.addEventListener('controllerchange', () => {
    if (wasControlled) reloadWhenSafe(watched);
    wasControlled = true;
  });
}

/** Reloads as soon as the page would lose nothing. */
function reloadWhenSafe({ isAtWork, locks, page, state }: Watched): void {
  if (isAtWork.peek()) state.value = 'loads-again';
  // Not during a renewal of the session: if its answer were lost, the session would end.
  const reload = () =>
    locks.request(SESSION_LOCK, () => {
      page.reload('update');
      return new Promise(() => undefined);
    });
  effect(() => {
    if (!isAtWork.value) void reload();
  });
}

/** Holds the lock while `isSo` is true, so that other tabs can see it. */
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

/** Kept in the history state over a reload of this tab, because a person may have forbidden storage. */
const OPENED_BY_UPDATE = 'opened-by-update';

/** The browser's own page. */
export function pageAround(window: Window): PageAround {
  const { document, history, location } = window;
  const because = history.state === OPENED_BY_UPDATE ? 'update' : null;
  if (because) history.replaceState(null, '');
  let isUntouched = true;
  for (const touch of ['pointerdown', 'keydown', 'dragenter'] as const) {
    const onTouch = () => {
      isUntouched = false;
    };
    window.addEventListener(touch, onTouch, { once: true, capture: true, passive: true });
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
