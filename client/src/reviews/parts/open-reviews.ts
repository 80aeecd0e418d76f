/** The number of reviews that wait for the signed-in person, shared by all views that show it. */
import { effect, signal, untracked, type ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { provided } from '../../kit/provided.ts';
import type { ApiClient } from '../../net/api-client.ts';

/** Above this number the count just says "many", because nobody reads it off a tab. */
export const COUNTED = 50;

export interface OpenReviews {
  /** Up to COUNTED + 1, which means more; null: not requested yet, or nobody is signed in who reads. */
  readonly count: ReadonlySignal<number | null>;
  /** Asks the gateway. Without a network the last count stays. */
  refresh(): Promise<void>;
  /** Called when another person, or nobody, is signed in. */
  forget(): void;
}

export const [ProvideOpenReviews, useOpenReviews] = provided<OpenReviews>('open reviews');

/**
 * `answered` changes after each answer to a step of a review. That includes refusals, because a refusal may end a wait.
 */
export function createOpenReviews(
  api: Pick<ApiClient, 'json'>,
  answered: ReadonlySignal<unknown>,
): OpenReviews {
  const count = signal<number | null>(null);
  let isShown = false;
  let asked = 0;
  const ask = async (): Promise<void> => {
    asked += 1;
    const own = asked;
    // Every page shows the tab, so the parser is loaded only here, to keep it out of the first load.
    const { z } = await import('zod');
    const listSchema = z.object({ reviews: z.array(z.unknown()), next: z.string().nullable() });
    const path = `/reviews?list=todo&anonymise=1&limit=${COUNTED}`;
    const { reviews, next } = await api.json(path, listSchema);
    // A later request has a newer answer, perhaps for another person.
    if (own === asked) count.value = reviews.length + (next === null ? 0 : 1);
  };
  const refresh = async (): Promise<void> => {
    isShown = true;
    await ignoreFailure(ask(), 'the last count stays');
  };
  effect(() => {
    void answered.value;
    if (isShown) untracked(() => void refresh());
  });
  return {
    count,
    refresh,
    forget() {
      isShown = false;
      asked += 1;
      count.value = null;
    },
  };
}
