/** Whether a person can see an element now: most of it lies in the window, and the page is in the foreground. */
import { useEffect, useState } from 'preact/hooks';

const MOST = 0.5;
/** A tolerance, because the browser counts in whole pixels. */
const NEARLY = 0.01;

export function useInSight(place: { readonly current: HTMLElement | null }): boolean {
  const [isInSight, setInSight] = useState(false);
  useEffect(() => {
    let isInWindow = false;
    const tell = () => setInSight(isInWindow && document.visibilityState === 'visible');
    const observer = new IntersectionObserver(
      (entries) => {
        isInWindow = entries.at(-1)!.intersectionRatio > MOST - NEARLY;
        tell();
      },
      { threshold: MOST },
    );
    observer.observe(place.current!);
    document.addEventListener('visibilitychange', tell);
    return () => {
      observer.disconnect();
      document.removeEventListener('visibilitychange', tell);
    };
  }, []);
  return isInSight;
}
