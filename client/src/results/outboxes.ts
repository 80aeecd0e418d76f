/**
 * The outboxes of verdicts of this window, one for each account that used it, and the reviews with steps that the
 * gateway does not have. The status line counts them before their code is here, and after their pages are gone.
 */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { provided } from '../kit/provided.ts';
import type { VerdictOutbox } from './verdict-outbox.ts';

/** Ids of reviews with steps that the gateway does not have, the oldest first. */
export interface UnsentReviews {
  /** Reviews with steps that wait for the link, or for their author. */
  readonly waiting: readonly string[];
  /** The gateway refused a step: its author decides. */
  readonly refused: readonly string[];
}

export interface Unsent extends UnsentReviews {
  /** Verdicts on results that wait for the link. */
  readonly verdicts: number;
  /** Verdicts that the gateway refused, perhaps as another person was faster: their author decides. */
  readonly refusedVerdicts: number;
}

const NO_REVIEWS: UnsentReviews = { waiting: [], refused: [] };

export interface Outboxes {
  /** The outbox of this account; `make` is called once for each. */
  of(account: string, make: () => VerdictOutbox): VerdictOutbox;
  tellReviews(account: string, reviews: UnsentReviews): void;
  /** Statements of the person who is here that the gateway does not have. */
  readonly unsent: ReadonlySignal<Unsent>;
  /** How many there are on this device of people who are not here; null: not counted yet. */
  readonly others: Signal<number | null>;
}

export const [ProvideOutboxes, useOutboxes] = provided<Outboxes>('outboxes');

/** `account`: who is here. */
export function createOutboxes(account: ReadonlySignal<string | null>): Outboxes {
  const made = signal<ReadonlyMap<string, VerdictOutbox>>(new Map());
  const reviews = signal<ReadonlyMap<string, UnsentReviews>>(new Map());
  const ofAccount = (owner: string): Unsent => {
    const unsent = made.value.get(owner)?.unsent.value ?? [];
    const verdicts = unsent.filter(({ isRetried }) => isRetried).length;
    const refusedVerdicts = unsent.length - verdicts;
    return { verdicts, refusedVerdicts, ...(reviews.value.get(owner) ?? NO_REVIEWS) };
  };
  return {
    tellReviews: (owner, told) => {
      reviews.value = new Map(reviews.peek()).set(owner, told);
    },
    of(owner, make) {
      const known = made.peek().get(owner);
      if (known) return known;
      const outbox = make();
      made.value = new Map(made.peek()).set(owner, outbox);
      return outbox;
    },
    others: signal(null),
    unsent: computed(() => ofAccount(account.value ?? '')),
  };
}
