/**
 * Parts of a page that ask for their values one by one, and appear together: a list that came later would push a button
 * away from under the finger.
 */
import { signal, type Signal } from '@preact/signals';
import { createContext, type ComponentChildren } from 'preact';
import { useContext, useLayoutEffect, useState } from 'preact/hooks';
import { useLate } from './use-late.ts';

/** How many parts have no first answer yet. */
const Arriving = createContext<Signal<number> | null>(null);

/** After this time those that are there are shown, and a late one moves the others. */
const AT_MOST_MS = 1_000;

export function Together({ children }: { readonly children: ComponentChildren }) {
  const [arriving] = useState(() => signal(0));
  // The parts are drawn once before it is known that they wait.
  const [isOpen, setOpen] = useState(false);
  const isLate = useLate(!isOpen, AT_MOST_MS);
  const isThere = arriving.value === 0;
  useLayoutEffect(() => {
    if ((isThere && arriving.peek() === 0) || isLate) setOpen(true);
  }, [isThere, isLate, arriving]);
  return (
    <Arriving.Provider value={arriving}>
      <div class={isOpen ? 'together' : 'together arriving'}>{children}</div>
    </Arriving.Provider>
  );
}

/** Holds the parts around it back while it is true for the first time. */
export function useArriving(isWaiting: boolean): void {
  const arriving = useContext(Arriving);
  useLayoutEffect(() => {
    if (arriving === null || !isWaiting) return undefined;
    arriving.value += 1;
    return () => {
      arriving.value -= 1;
    };
  }, [arriving, isWaiting]);
}
