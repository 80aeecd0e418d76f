/** The heading of details that a person opened from a list gets the focus. Somebody who is elsewhere is not moved. */
import { useEffect, useRef } from 'preact/hooks';

export function useOpened() {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (document.activeElement?.matches('body, h1, .list-link') === true)
      heading.current?.focus({ preventScroll: true });
  }, []);
  return heading;
}
