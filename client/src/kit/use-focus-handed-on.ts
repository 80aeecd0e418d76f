/** For parts of a page that a press inside them removes: the focus would be lost together with the pressed button. */
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * Use as the `ref` of the part. If it is removed while it has the focus, the focus moves to its replacement: the first
 * match of `next`, or the heading of the page.
 */
export function useFocusHandedOn<E extends HTMLElement>(next: string): RefObject<E | null> {
  const place = useRef<E>(null);
  useLayoutEffect(() => {
    const part = place.current;
    return () => {
      if (!part?.contains(document.activeElement)) return;
      // Runs once all related changes are drawn, and before another key can be pressed.
      queueMicrotask(() => {
        const came = document.querySelector<HTMLElement>(next);
        (came ?? document.querySelector<HTMLElement>('#content h1'))?.focus();
      });
    };
  }, []);
  return place;
}
