/** Undo and redo. Pure. */

/** Nobody undoes more steps than this. */
export const STEPS_LIMIT = 200;

export interface History<T> {
  readonly now: T;
  /** Oldest first. */
  readonly past: readonly T[];
  /** The next step to redo comes last. */
  readonly future: readonly T[];
}

export const beginHistory = <T>(now: T): History<T> => ({ now, past: [], future: [] });

export const stepTo = <T>({ now, past }: History<T>, next: T): History<T> => ({
  now: next,
  past: [...past, now].slice(-STEPS_LIMIT),
  future: [],
});

export function undo<T>(history: History<T>): History<T> {
  const { now, past, future } = history;
  if (past.length === 0) return history;
  return { now: past.at(-1)!, past: past.slice(0, -1), future: [...future, now] };
}

export function redo<T>(history: History<T>): History<T> {
  const { now, past, future } = history;
  if (future.length === 0) return history;
  return { now: future.at(-1)!, past: [...past, now], future: future.slice(0, -1) };
}
