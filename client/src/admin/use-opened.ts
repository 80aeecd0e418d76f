/**
 * The heading of details that a person opened from a list gets the focus. Somebody who is elsewhere is not moved.
 * `isOpened`: false if the page itself chose what it shows.
 */
import { useEffect, useRef } from 'preact/hooks';

export function useOpened(isOpened: boolean) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (isOpened && document.activeElement?.matches('body, h1, .list-link') === true)
      heading.current?.focus({ preventScroll: true });
  }, []);
  return heading;
}
