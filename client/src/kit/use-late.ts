/** Delays things that should not flicker. */
import { useEffect, useState } from 'preact/hooks';

/** A skeleton shown sooner would flicker; shown later, the page would seem dead. */
const SKELETON_AFTER_MS = 300;

/** True once `waiting` has lasted long enough to be worth showing. */
export function useLate(waiting: boolean, afterMs: number = SKELETON_AFTER_MS): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!waiting) return setLate(false);
    const timer = setTimeout(() => setLate(true), afterMs);
    return () => clearTimeout(timer);
  }, [waiting, afterMs]);
  return late;
}
