/**
 * Instances of scripts and modalities that wait for a person: one count for the badge and for the page of all that
 * needs somebody, beside that of this device. It is in no first load: only views that are loaded later import it.
 */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Waiting } from '#shared/protocol/not-taken.ts';
import type { ApiClient } from '../net/api-client.ts';
import { useApi } from '../net/net-context.ts';

export interface SentElsewhere {
  /** As the gateway last counted them; null: not asked yet, or nobody is here who decides. */
  readonly waiting: ReadonlySignal<Waiting | null>;
  /** A transfer of a modality counts once: nobody knows before it is opened how many instances it has. */
  readonly count: ReadonlySignal<number>;
  /** Asks the gateway; without a network the last count stays. `isAll`: everybody's, for an administrator. */
  refresh(isAll: boolean): Promise<void>;
  /** Another person is here, or nobody. */
  forget(): void;
}

export function createSentElsewhere(api: Pick<ApiClient, 'json'>): SentElsewhere {
  const waiting = signal<Waiting | null>(null);
  let asked = 0;
  const ask = async (isAll: boolean): Promise<void> => {
    asked += 1;
    const own = asked;
    const { waitingSchema } = await import('#shared/protocol/not-taken.ts');
    const counted = await api.json(isAll ? '/uploads/waiting?all=1' : '/uploads/waiting', waitingSchema);
    // A later question has a newer answer, perhaps of another person.
    if (own === asked) waiting.value = counted;
  };
  return {
    waiting,
    count: computed(() => {
      const { notTaken = 0, held = 0, transfers = 0 } = waiting.value ?? {};
      return notTaken + held + transfers;
    }),
    refresh: async (isAll) => void (await ignoreFailure(ask(isAll), 'the last count stays')),
    forget() {
      asked += 1;
      waiting.value = null;
    },
  };
}

/** One for each gateway that a page speaks to. */
const counts = new WeakMap<ApiClient, SentElsewhere>();

export function useSentElsewhere(): SentElsewhere {
  const api = useApi();
  const own = counts.get(api) ?? createSentElsewhere(api);
  counts.set(api, own);
  return own;
}
