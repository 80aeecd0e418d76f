/** Whether a part that the gateway depends on answers. */
import { PacsDoesNotSearch } from '../ports/pacs/pacs.ts';

export const isUp = (answer: Promise<unknown>): Promise<boolean> =>
  answer.then(
    () => true,
    () => false,
  );

export type PacsState = 'ok' | 'unreachable' | 'no-search';

/** `probe`: the PACS's answer to a search. */
export const stateOfPacs = (probe: Promise<unknown>): Promise<PacsState> =>
  probe.then(
    () => 'ok',
    (error: unknown) => (error instanceof PacsDoesNotSearch ? 'no-search' : 'unreachable'),
  );

/** Asks at most once in `forMs`, however many callers want to know. */
export function remembered<T>(ask: () => Promise<T>, forMs: number, now: () => number): () => Promise<T> {
  let last: { answer: Promise<T>; until: number } | null = null;
  return () => {
    if (!last || last.until <= now()) last = { answer: ask(), until: now() + forMs };
    return last.answer;
  };
}

/** Callers that ask at the same time share one question: a thousand of them cost what one does. */
export function oneAtATime<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | null = null;
  return () => {
    asked ??= ask().finally(() => {
      asked = null;
    });
    return asked;
  };
}
