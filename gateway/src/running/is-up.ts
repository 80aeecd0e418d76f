/** Whether a part that the gateway depends on answers. */
import type { z } from 'zod';
import type { healthSchema } from '#shared/protocol/api.ts';
import { PacsDoesNotSearch, PacsUnreachable, type Pacs } from '../ports/pacs/pacs.ts';
import { whyAway } from '../ports/pacs/why-away.ts';

export const isUp = (answer: Promise<unknown>): Promise<boolean> =>
  answer.then(
    () => true,
    () => false,
  );

export type PacsState = z.infer<typeof healthSchema>['pacs'];

const STATE_OF = {
  'pacs-unreachable': 'unreachable',
  'pacs-refuses-sign-in': 'refuses-sign-in',
  'pacs-settings-wrong': 'settings-wrong',
} as const;

function stateOf(error: unknown): PacsState {
  if (error instanceof PacsDoesNotSearch) return 'no-search';
  return error instanceof PacsUnreachable ? STATE_OF[whyAway(error)] : 'unreachable';
}

type Asked = Pick<Pacs, 'probe' | 'givesInstances'>;

/** Asks the current PACS for a small search, and for an instance until it has returned one. */
export function createPacsState(pacsNow: () => Promise<Asked>, patienceMs: number) {
  const given = new WeakSet<Asked>();
  const gives = async (pacs: Asked): Promise<boolean> => {
    if (given.has(pacs)) return true;
    // A failure proves nothing either way.
    const isGiven = await pacs.givesInstances(AbortSignal.timeout(patienceMs)).catch(() => null);
    if (isGiven === true) given.add(pacs);
    return isGiven !== false;
  };
  return async (): Promise<PacsState> => {
    let pacs: Asked;
    try {
      pacs = await pacsNow();
      await pacs.probe(AbortSignal.timeout(patienceMs));
    } catch (error) {
      return stateOf(error);
    }
    return (await gives(pacs)) ? 'ok' : 'no-retrieval';
  };
}

/** Asks at most once in `forMs`, however many callers want to know. */
export function remembered<T>(ask: () => Promise<T>, forMs: number, now: () => number): () => Promise<T> {
  let last: { answer: Promise<T>; until: number } | null = null;
  return () => {
    if (!last || last.until <= now()) last = { answer: ask(), until: now() + forMs };
    return last.answer;
  };
}

/** Callers that ask at the same time share one question, so a thousand callers cost no more than one. */
export function oneAtATime<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | null = null;
  return () => {
    asked ??= ask().finally(() => {
      asked = null;
    });
    return asked;
  };
}
