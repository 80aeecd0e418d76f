/** Listens to single keys while a page is drawn. */
import { useEffect, useRef } from 'preact/hooks';
import { commandOf, pressOf, type Command } from './keys.ts';

/** A command without an action does nothing, and the key stays the browser's. */
export function useKeys(isOn: boolean, actions: Readonly<Partial<Record<Command, () => void>>>): void {
  const latest = useRef({ isOn, actions });
  latest.current = { isOn, actions };
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const command = commandOf(pressOf(event), latest.current.isOn);
      const act = command === null ? undefined : latest.current.actions[command];
      if (!act) return;
      event.preventDefault();
      act();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}
