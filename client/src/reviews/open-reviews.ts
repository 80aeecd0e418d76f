/** How many reviews wait for the person who is here: one count for whoever shows it. */
import { effect, signal, untracked, type ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { provided } from '../kit/provided.ts';
import type { ApiClient } from '../net/api-client.ts';

/** More than this is "many": nobody reads them off a tab. */
export const COUNTED = 50;

export interface OpenReviews {
  /** Up to COUNTED + 1, which means more; null: not asked yet, or nobody reads here. */
  readonly count: ReadonlySignal<number | null>;
  /** Asks the gateway; without a network the last count stays. */
  refresh(): Promise<void>;
  /** Another person is here, or nobody. */
  forget(): void;
}

export const [ProvideOpenReviews, useOpenReviews] = provided<OpenReviews>('open reviews');

/** `answered` has another value after each answer to a step of a review, also a refusal: it may end a wait. */
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
    // Every page has the tab, and its first load none of the parsers of answers.
    const { z } = await import('zod');
    const listSchema = z.object({ reviews: z.array(z.unknown()), next: z.string().nullable() });
    const path = `/reviews?list=todo&anonymise=1&limit=${COUNTED}`;
    const { reviews, next } = await api.json(path, listSchema);
    // A later question has a newer answer, perhaps of another person.
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
