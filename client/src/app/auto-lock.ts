/**
 * Signs a person out of a device that nobody has touched for the site's lock time, in all its tabs at once, and warns
 * shortly before. Two clocks are read, and the one that ends earlier counts: the wall clock runs while a tablet sleeps,
 * and the monotonic clock ignores a wall clock that is set back. While the gateway cannot be reached nobody could sign
 * in again, so the lock waits: a technician without a network must be able to continue.
 */
import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { LOCKED, type LockMark } from './lock-mark.ts';

/** Long enough to finish a sentence in a form. WCAG 2.2 SC 2.2.1 asks for at least 20 s. */
const WARN_MS = 60_000;
/** The mark is written at most this often, so the lock may come this much early. */
const MARK_EVERY_MS = 2_000;
const MS_IN_MINUTE = 60_000;

interface AutoLockTools {
  /** Minutes without a touch after which this site locks; 0: never; null: not known yet. */
  readonly minutes: ReadonlySignal<number | null>;
  /** Whether the gateway can be reached. */
  readonly canSignIn: ReadonlySignal<boolean>;
  readonly clock: {
    /** Milliseconds since 1970. */
    wall(): number;
    /** Milliseconds that never go back. */
    monotonic(): number;
  };
  /** The mark that all tabs of this device share. */
  readonly mark: LockMark;
  /** Calls `work` after `ms`, or later. */
  readonly later: (work: () => void, ms: number) => void;
  /** Called once. */
  readonly lock: () => void;
}

export interface AutoLock {
  /** The time left while the warning is shown; null: no warning. */
  readonly secondsLeft: ReadonlySignal<number | null>;
  /** The person has moved, typed or touched. Ignored while the warning is shown: only its button answers it. */
  touched(): void;
  /** The answer to the warning. */
  stay(): void;
  /** Called when the page was shown, the device woke, or another tab was touched. */
  check(): void;
  /** Nobody is signed in any more. */
  end(): void;
}

interface Watched extends AutoLockTools {
  readonly secondsLeft: Signal<number | null>;
  /** The last touch in any tab that this tab knows of, by the monotonic clock. */
  touchedAt: number;
  /** The value of the mark that this tab last read or wrote. */
  marked: number | null;
  /** Counts the timers, so that only the newest one has an effect. */
  turn: number;
  isOver: boolean;
}

/** Starts watching at once. */
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
    // Reading this signal runs the effect again once the gateway can be reached.
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

/** Called when the site's lock time becomes known or changes. */
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

/** At most half of the lock time, so that a lock after one minute does not warn all the time. */
const warningOf = (watched: Watched): number => Math.min(WARN_MS, limitOf(watched) / 2);

const isDue = (watched: Watched): boolean =>
  watched.mark.read() === LOCKED || (limitOf(watched) > 0 && left(watched) <= 0);

function extend(watched: Watched): void {
  if (watched.isOver) return;
  // The first touch after a sleep comes too late to prevent the lock. Without a gateway nothing locks, but the time
  // stays over.
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

/**
 * Tells whether an event comes from a person. When the page changes below a pointer at rest, the browser reports a move
 * to the same place; such an event does not count.
 */
export function createTouchTeller(): (event: PointerMove) => boolean {
  // Stored by kind of pointer, because a pen and a mouse rest at different places.
  const rests = new Map<string, string>();
  return ({ type, pointerType, screenX, screenY }) => {
    if (type !== 'pointermove') return true;
    const at = `${screenX} ${screenY}`;
    if (at === rests.get(pointerType)) return false;
    rests.set(pointerType, at);
    return true;
  };
}
