/**
 * For buttons that take the place of others: the second press of a double press must not reach the button that has
 * just appeared under the pointer or the finger; nor a key that is held down the one that has taken the focus.
 */
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** A double press takes up to 500 ms by the usual settings. Above a second, people think that a button is broken. */
export const SETTLING_MS = 600;

/**
 * As `ref` of the element around the buttons. They take no press for a moment after they appear, and after each
 * change of `state`, which tells the one set of buttons from the other.
 */
export function useSettling<E extends HTMLElement>(state: string): RefObject<E | null> {
  const place = useRef<E>(null);
  useLayoutEffect(() => {
    const buttons = place.current;
    if (!buttons) return;
    // An animation, as it begins when the buttons are on the screen, however slow the device is.
    const settling = buttons.animate({ pointerEvents: ['none', 'none'] }, SETTLING_MS);
    const ignoreRepeats = (event: KeyboardEvent) => {
      if (event.repeat && event.key === 'Enter') event.preventDefault();
    };
    buttons.addEventListener('keydown', ignoreRepeats);
    return () => {
      settling.cancel();
      buttons.removeEventListener('keydown', ignoreRepeats);
    };
  }, [state]);
  return place;
}
