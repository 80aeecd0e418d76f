/** Work on each of many things, between which the event loop has its turn. */
import { setImmediate } from 'node:timers/promises';

/** At 20 µs each, four callers at once stay below 20 ms. */
export const A_TURN = 250;

export function* partsOf<T>(things: readonly T[], size = A_TURN): Generator<readonly T[]> {
  for (let at = 0; at < things.length; at += size) yield things.slice(at, at + size);
}

/** In their order. Throws what `work` throws. */
export async function inTurns<T>(things: readonly T[], work: (thing: T) => void): Promise<void> {
  for (const part of partsOf(things)) {
    for (const thing of part) work(thing);
    if (part.length === A_TURN) await setImmediate();
  }
}
