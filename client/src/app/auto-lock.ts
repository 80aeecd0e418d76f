/**
 * Signs a person out of a device that nobody has touched for the site's time, in all its tabs at once, and warns
 * shortly before. Two clocks are asked, and the earlier one counts: the wall clock runs while a tablet sleeps, the
 * monotonic one does not follow a clock that is set back. While nobody could sign in, for want of a gateway, the lock
 * waits: a technician without a network must be able to continue.
 */
import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { LOCKED, type LockMark } from './lock-mark.ts';

/** A person who is filling in a form can finish a sentence. WCAG 2.2 2.2.1 asks for 20 s at least. */
const WARN_MS = 60_000;
/** The mark is written no more often, and so the lock may come this much early. */
const MARK_EVERY_MS = 2_000;
const MS_IN_MINUTE = 60_000;

interface AutoLockTools {
  /** The site's time; 0: never; null: not known yet. */
  readonly minutes: ReadonlySignal<number | null>;
  /** The gateway can be reached. */
  readonly canSignIn: ReadonlySignal<boolean>;
  readonly clock: {
    /** Milliseconds since 1970. */
    wall(): number;
    /** Milliseconds that never go back. */
    monotonic(): number;
  };
  /** Shared by the tabs of this device. */
  readonly mark: LockMark;
  /** Calls `work` after `ms`, or later. */
  readonly later: (work: () => void, ms: number) => void;
  /** Called once. */
  readonly lock: () => void;
}

export interface AutoLock {
  /** The time left while a warning is due; else null. */
  readonly secondsLeft: ReadonlySignal<number | null>;
  /** A person has moved, typed or touched. While the warning stands this means nothing: it has a button. */
  touched(): void;
  /** The answer to the warning. */
  stay(): void;
  /** The page was shown, the device woke, or another tab was touched. */
  check(): void;
  /** Nobody is signed in any more. */
  end(): void;
}

interface Watched extends AutoLockTools {
  readonly secondsLeft: Signal<number | null>;
  /** The last touch of any tab that this one knows of, by the monotonic clock. */
  touchedAt: number;
  /** The mark as this tab knows it. */
  marked: number | null;
  /** Counts the timers: only the newest one is heard. */
  turn: number;
  isOver: boolean;
}

/** Watches from now on. */
export function createAutoLock(tools: AutoLockTools): AutoLock {
  const watched: Watched = {
    ...tools,
    secondsLeft: signal(null),
    touchedAt: tools.clock.monotonic(),
    marked: tools.mark.read(),
    turn: 0,
    isOver: false,
  };
  const stop = effect(() => {
    // Reading it runs the effect again once the gateway can be reached.
    void tools.canSignIn.value;
    if (tools.minutes.value !== null) begin(watched);
  });
  return {
    secondsLeft: watched.secondsLeft,
    check: () => check(watched),
    touched() {
      if (watched.secondsLeft.peek() === null) extend(watched);
    },
    stay: () => extend(watched),
    end() {
      stop();
      watched.isOver = true;
    },
  };
}

const limitOf = ({ minutes }: Watched): number => (minutes.peek() ?? 0) * MS_IN_MINUTE;

/** The site's time is known, or is another one now. */
function begin(watched: Watched): void {
  const { clock, mark } = watched;
  const latest = clock.wall() + limitOf(watched);
  const marked = mark.read();
  if (marked === LOCKED) lockNow(watched);
  else if (limitOf(watched) === 0) mark.write(null);
  else if (marked === null || marked > latest) mark.write(latest, watched.minutes.peek());
  check(watched);
}

/** Milliseconds until the lock. */
function left(watched: Watched): number {
  const { clock, mark } = watched;
  const marked = mark.read();
  if (marked !== watched.marked) {
    watched.marked = marked;
    watched.touchedAt = clock.monotonic();
  }
  const byMonotonic = limitOf(watched) - (clock.monotonic() - watched.touchedAt);
  return Math.min(byMonotonic, marked === null ? byMonotonic : marked - clock.wall());
}

/** At most half of the site's time: a lock after a minute must not warn all the time. */
const warningOf = (watched: Watched): number => Math.min(WARN_MS, limitOf(watched) / 2);

const isDue = (watched: Watched): boolean =>
  watched.mark.read() === LOCKED || (limitOf(watched) > 0 && left(watched) <= 0);

function extend(watched: Watched): void {
  if (watched.isOver) return;
  // The first touch after a sleep comes too late: without a gateway nothing locks, but the time stays over.
  if (isDue(watched)) check(watched);
  else if (limitOf(watched) > 0) extendNow(watched);
}

function extendNow(watched: Watched): void {
  const { clock, mark } = watched;
  watched.touchedAt = clock.monotonic();
  const latest = clock.wall() + limitOf(watched);
  if (latest - (watched.marked ?? 0) >= MARK_EVERY_MS) {
    mark.write(latest, watched.minutes.peek());
    watched.marked = latest;
  }
  if (watched.secondsLeft.peek() !== null) check(watched);
}

function check(watched: Watched): void {
  if (watched.isOver) return;
  const mine = ++watched.turn;
  const again = (ms: number) => watched.later(() => mine === watched.turn && check(watched), ms);
  const isWaiting = limitOf(watched) === 0 || !watched.canSignIn.peek();
  // LOCKED: somebody has left in another tab.
  if (watched.mark.read() === LOCKED || (!isWaiting && left(watched) <= 0)) {
    lockNow(watched);
    return;
  }
  if (isWaiting) {
    watched.secondsLeft.value = null;
    return;
  }
  const ms = left(watched);
  const warning = warningOf(watched);
  watched.secondsLeft.value = ms > warning ? null : Math.ceil(ms / 1000);
  again(ms > warning ? ms - warning : ms % 1000 || 1000);
}

function lockNow(watched: Watched): void {
  if (watched.isOver) return;
  watched.isOver = true;
  watched.secondsLeft.value = null;
  // The sign-in page says why, in every tab and after a reload.
  if (watched.mark.read() !== LOCKED) watched.mark.write(LOCKED, watched.minutes.peek());
  watched.lock();
}

type PointerMove = Pick<PointerEvent, 'type' | 'pointerType' | 'screenX' | 'screenY'>;

/** Whether an event comes from a person: a page that changes below a pointer at rest is told of a move to its place. */
export function createTouchTeller(): (event: PointerMove) => boolean {
  // By the kind of pointer: a pen and a mouse rest at two places.
  const rests = new Map<string, string>();
  return ({ type, pointerType, screenX, screenY }) => {
    if (type !== 'pointermove') return true;
    const at = `${screenX} ${screenY}`;
    if (at === rests.get(pointerType)) return false;
    rests.set(pointerType, at);
    return true;
  };
}
