/**
 * The automatic lock on the screen. It shows a warning that can be answered, then a cover while work that must not be
 * lost is finished. Then the person is signed out. Whatever is safe on this device is sent as after any sign-out.
 */
import { computed, effect, type ReadonlySignal, type Signal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import { Sheet } from '../kit/Sheet.tsx';
import { useSession, useSignOutTasks } from '../net/net-context.ts';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { createAutoLock, createTouchTeller, type AutoLock as Lock } from './auto-lock.ts';
import { lockMarkIn } from './lock-mark.ts';
import { lockWords as words } from './lock-words.ts';
import { chosenIn } from './use-chosen.ts';

export type AutoLockProps = {
  /** Minutes without a touch after which this site locks; 0: never; null: not known yet. */
  readonly minutes: ReadonlySignal<number | null>;
  /** Set while the page behind must not be drawn. */
  readonly covered: Signal<boolean>;
};

export function AutoLock({ minutes, covered }: AutoLockProps) {
  const here = useRef(true);
  const leave = useLeave(here);
  const { link } = useQueue();
  const lock = useMemo(
    () =>
      createAutoLock({
        minutes,
        canSignIn: computed(() => link.value !== 'offline' && link.value !== 'gateway-unreachable'),
        clock: { wall: () => Date.now(), monotonic: () => performance.now() },
        mark: lockMarkIn(localStorage),
        later: (work, ms) => void setTimeout(work, ms),
        lock() {
          covered.value = true;
          void leave();
        },
      }),
    [],
  );
  useEffect(() => {
    const unwatch = watchPerson(lock);
    return () => {
      unwatch();
      lock.end();
      here.current = false;
      covered.value = false;
    };
  }, [lock]);
  const leaveNow = () => {
    lock.end();
    covered.value = true;
    void leave();
  };
  if (covered.value) return <Cover />;
  const seconds = lock.secondsLeft.value;
  return seconds === null ? null : <Warning seconds={seconds} lock={lock} onLeave={leaveNow} />;
}

const TOUCHES = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'dragover'] as const;

/** Tells the lock about each touch, and when to check the clock again. Returns a function that stops watching. */
function watchPerson({ touched, check }: Lock): () => void {
  const over = new AbortController();
  const { signal } = over;
  const isTouch = createTouchTeller();
  const note = (event: Event) => {
    if (isTouch(event as PointerEvent)) touched();
  };
  for (const touch of TOUCHES) window.addEventListener(touch, note, { signal, capture: true, passive: true });
  for (const wake of ['pageshow', 'focus', 'storage']) window.addEventListener(wake, check, { signal });
  for (const wake of ['visibilitychange', 'resume']) document.addEventListener(wake, check, { signal });
  return () => over.abort();
}

/**
 * Signs the person out once none of their work is half done. `here`: false once somebody has signed out meanwhile, in
 * this or another tab; signing out again could hit the next person.
 */
function useLeave(here: RefObject<boolean>): () => Promise<void> {
  const session = useSession();
  const ingest = useIngest();
  const queue = useQueue();
  const tasks = useSignOutTasks();
  return async () => {
    session.noteLock();
    // A verdict that cannot be saved now waits in this window, as after any sign-out.
    await Promise.all([
      tasks.finishAll(),
      until(() => ingest.phase.value !== 'queueing' && queue.unsafe.value === 0),
    ]);
    // The sign-in page shows this count; nothing else tells that these were never sent. Another tab may have left
    // first.
    lockMarkIn(localStorage).addNotSent(chosenIn(ingest));
    if (!here.current) return;
    tasks.leave();
    ingest.cancel();
    ingest.clear('held-back');
    await session.signOut(true);
  };
}

function until(isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (!isSo()) return;
      // `stop` is not assigned yet while the effect runs for the first time.
      queueMicrotask(() => {
        stop();
        resolve();
      });
    });
  });
}

function Cover() {
  const { unsafe } = useQueue();
  return (
    <main id="content" class="sign-in">
      <h1 tabIndex={-1}>{words.covered}</h1>
      <p>{unsafe.value > 0 ? words.coveredUnsafe(unsafe.value) : words.coveredWhat}</p>
    </main>
  );
}

type WarningProps = {
  readonly seconds: number;
  readonly lock: Lock;
  readonly onLeave: () => void;
};

/** Closing the warning in any way counts as "I am here". */
function Warning({ seconds, lock, onLeave }: WarningProps) {
  const ingest = useIngest();
  const text = useId();
  const isLabelled = useQueue().studies.value.some(({ label }) => label !== null);
  return (
    <Sheet title={words.title} says={text} onClose={lock.stay}>
      <div id={text}>
        <p class="sheet-text strong numbers" role="timer">
          {words.in(seconds)}
        </p>
        <p class="sheet-text">{words.what}</p>
        <p class="sheet-text">{ingest.studies.value.length > 0 ? words.chosen : words.sending}</p>
        {isLabelled && <p class="sheet-text">{words.names}</p>}
      </div>
      <div class="sheet-actions">
        <button type="button" class="button" onClick={onLeave}>
          {words.leave}
        </button>
        <button type="button" class="button button-main" autofocus onClick={lock.stay}>
          {words.stay}
        </button>
      </div>
    </Sheet>
  );
}
