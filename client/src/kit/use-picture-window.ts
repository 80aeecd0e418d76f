/** The area of the page in which an image moves: its size, the wheel over it, and the position of a pointer in it. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Point, WindowSize } from './picture-view.ts';

type Place = { readonly current: HTMLElement | null };

/** The position of a pointer, relative to the upper left corner of the area. */
export const placeOf = (event: PointerEvent): Point => {
  const around = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return { x: event.clientX - around.left, y: event.clientY - around.top };
};

/** Reports the size once it is known, and whenever it changes. */
export function useWindowSize(place: Place, onWindow: (size: WindowSize) => void): void {
  const [tell] = useState(() => (element: HTMLElement) => {
    const { clientWidth: width, clientHeight: height } = element;
    if (width > 0 && height > 0) onWindow({ width, height });
  });
  useLayoutEffect(() => {
    const element = place.current!;
    tell(element);
    const observer = new ResizeObserver(() => tell(element));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
}

/**
 * Preact's own listeners are passive, so the page would scroll. `zoom` returns whether it zoomed; if not, the page
 * scrolls.
 */
export function useWheel(place: Place, zoom: (factor: number, at: Point) => boolean): void {
  const latest = useRef(zoom);
  latest.current = zoom;
  useEffect(() => {
    const element = place.current!;
    const turn = (event: WheelEvent) => {
      const around = element.getBoundingClientRect();
      const at = { x: event.clientX - around.left, y: event.clientY - around.top };
      if (latest.current(2 ** (-event.deltaY / 400), at)) event.preventDefault();
    };
    element.addEventListener('wheel', turn, { passive: false });
    return () => element.removeEventListener('wheel', turn);
  }, []);
}
