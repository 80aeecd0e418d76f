/**
 * A signature that can still be undone: it takes effect after a few seconds. A reader who leaves the page meanwhile or
 * changes an answer has not signed, so that nothing is signed unseen.
 */
import { signal, type ReadonlySignal } from '@preact/signals';

/** Long enough to notice a wrong answer, short enough to wait for. */
export const SIGN_AFTER_SECONDS = 5;
const SECOND_MS = 1000;

interface Signing {
  /** Seconds left; null: no signature is pending. */
  readonly left: ReadonlySignal<number | null>;
  begin(sign: () => void): void;
  undo(): void;
}

export function createSigning(wait: (ms: number, then: () => void) => () => void): Signing {
  const left = signal<number | null>(null);
  let callOff = () => {};
  const undo = () => {
    callOff();
    left.value = null;
  };
  const tick = (sign: () => void): void => {
    callOff = wait(SECOND_MS, () => {
      const seconds = left.peek()! - 1;
      left.value = seconds === 0 ? null : seconds;
      if (seconds === 0) sign();
      else tick(sign);
    });
  };
  return {
    left,
    undo,
    begin(sign) {
      undo();
      left.value = SIGN_AFTER_SECONDS;
      tick(sign);
    },
  };
}
