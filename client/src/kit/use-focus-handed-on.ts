/** For parts of a page that a press in them takes away: the focus would be lost with the pressed button. */
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * As `ref` of the part. If it goes while it has the focus, the focus goes to what came instead: the first of `next`,
 * or the heading of the page.
 */
export function useFocusHandedOn<E extends HTMLElement>(next: string): RefObject<E | null> {
  const place = useRef<E>(null);
  useLayoutEffect(() => {
    const part = place.current;
    return () => {
      if (!part?.contains(document.activeElement)) return;
      // Once everything that changes with it is drawn, and before another key can be pressed.
      queueMicrotask(() => {
        const came = document.querySelector<HTMLElement>(next);
        (came ?? document.querySelector<HTMLElement>('#content h1'))?.focus();
      });
    };
  }, []);
  return place;
}
