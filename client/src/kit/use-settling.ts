/**
 * For buttons that replace others. The second press of a double press must not reach the button that has just appeared
 * under the pointer, and a held key must not press the button that has just received the focus.
 */
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * A double press takes up to 500 ms by default settings. After more than a second, people think that a button is
 * broken.
 */
export const SETTLING_MS = 600;

/**
 * Use as the `ref` of the element around the buttons. The buttons ignore presses for a moment after they appear, and
 * after each change of `state`, which identifies the current set of buttons.
 */
export function useSettling<E extends HTMLElement>(state: string): RefObject<E | null> {
  const place = useRef<E>(null);
  useLayoutEffect(() => {
    const buttons = place.current;
    if (!buttons) return;
    // An animation starts when the buttons are on the screen, however slow the device is.
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
