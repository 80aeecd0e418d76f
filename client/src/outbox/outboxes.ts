/**
 * The outboxes of this window, one for each account that used it. The status line counts their contents even before the
 * outbox code is loaded, and after the pages that filled them are gone.
 */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { provided } from '../kit/provided.ts';
import type { Outbox, Unsent } from './outbox.ts';

/** Counts of statements that did not arrive: tried by this tab, or stored by another one. */
export interface UnsentCounts {
  /** Verdicts on results that wait for the link. */
  readonly verdicts: number;
  /** Verdicts that the gateway refused, perhaps because another person was faster. Their author decides. */
  readonly refusedVerdicts: number;
  /** Ids of reviews with steps that wait for the link or for their author, oldest first. */
  readonly waiting: readonly string[];
  /** Ids of reviews with a step that the gateway refused. The step's author decides. */
  readonly refused: readonly string[];
}

export interface Outboxes {
  /** Returns the outbox of this account. `make` is called once for each account. */
  of(account: string, make: () => Outbox): Outbox;
  /** Statements of the signed-in person that the gateway does not have. */
  readonly unsent: ReadonlySignal<UnsentCounts>;
  /** The gateway's last answer to a statement of the signed-in person. */
  readonly answered: ReadonlySignal<unknown>;
  /** The number of statements of other people on this device; null: not counted yet. */
  readonly others: Signal<number | null>;
}

export const [ProvideOutboxes, useOutboxes] = provided<Outboxes>('outboxes');

function countsOf(all: readonly Unsent[]): UnsentCounts {
  const tried = all.filter(
    ({ said, trouble, isKept, isFresh, isSending }) =>
      trouble !== null || said.refused || (isKept && !isFresh && !isSending),
  );
  const reviewsIn = (some: readonly Unsent[]) =>
    new Set(some.flatMap(({ said }) => (said.step === 'verdict' ? [] : [said.reviewId])));
  const verdicts = tried.filter(({ said }) => said.step === 'verdict');
  const refused = reviewsIn(tried.filter(({ said }) => said.refused));
  const waiting = [...reviewsIn(tried)].filter((id) => !refused.has(id));
  const refusedVerdicts = verdicts.filter(({ isRetried }) => !isRetried).length;
  return { verdicts: verdicts.length - refusedVerdicts, refusedVerdicts, waiting, refused: [...refused] };
}

/** `account`: the account that is signed in. */
export function createOutboxes(account: ReadonlySignal<string | null>): Outboxes {
  const made = signal<ReadonlyMap<string, Outbox>>(new Map());
  const here = computed(() => made.value.get(account.value ?? ''));
  return {
    of(owner, make) {
      const known = made.peek().get(owner);
      if (known) return known;
      const outbox = make();
      made.value = new Map(made.peek()).set(owner, outbox);
      return outbox;
    },
    others: signal(null),
    unsent: computed(() => countsOf(here.value?.statements.value ?? [])),
    answered: computed(() => here.value?.answered.value ?? null),
  };
}
