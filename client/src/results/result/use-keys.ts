/** Listens for single keys while a page is shown. */
import { useEffect, useRef } from 'preact/hooks';
import { commandOf, pressOf, type Command } from './keys.ts';

/** A key whose command has no action keeps the browser's behaviour. */
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
