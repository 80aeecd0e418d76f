/** The window of the page in which an image moves: its size, the wheel over it, and where a pointer is in it. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Point, WindowSize } from './picture-view.ts';

type Place = { readonly current: HTMLElement | null };

/** From its upper left corner. */
export const placeOf = (event: PointerEvent): Point => {
  const around = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return { x: event.clientX - around.left, y: event.clientY - around.top };
};

/** Told when it is known, and when it changes. */
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

/** Preact's own listeners are passive, and the page would scroll. `zoom` says whether it did; if not, it scrolls. */
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
