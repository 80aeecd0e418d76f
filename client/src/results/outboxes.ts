/**
 * The outboxes of verdicts of this window, one for each account that used it. The status line counts what they hold
 * before their code is here, and after the pages of results are gone.
 */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { provided } from '../kit/provided.ts';
import type { VerdictOutbox } from './verdict-outbox.ts';

export interface Outboxes {
  /** The outbox of this account; `make` is called once for each. */
  of(account: string, make: () => VerdictOutbox): VerdictOutbox;
  /** Verdicts of the person who is here that the gateway does not have. */
  readonly unsent: ReadonlySignal<number>;
}

export const [ProvideOutboxes, useOutboxes] = provided<Outboxes>('outboxes');

/** `account`: who is here. */
export function createOutboxes(account: ReadonlySignal<string | null>): Outboxes {
  const made = signal<ReadonlyMap<string, VerdictOutbox>>(new Map());
  return {
    of(owner, make) {
      const known = made.peek().get(owner);
      if (known) return known;
      const outbox = make();
      made.value = new Map(made.peek()).set(owner, outbox);
      return outbox;
    },
    unsent: computed(() => made.value.get(account.value ?? '')?.unsent.value.length ?? 0),
  };
}
