/**
 * Instances from scripts and modalities that wait for a decision: one count shared by the badge and the To decide page,
 * in addition to this device's own. It is not part of the first load: only views that are loaded later import it.
 */
import { computed, type ReadonlySignal } from '@preact/signals';
import type { Waiting } from '#shared/protocol/not-taken.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';
import { useApi } from '../net/net-context.ts';

interface SentElsewhere {
  /** The counts as last received from the gateway. */
  readonly waiting: Pick<Resource<Waiting, 'unheard'>, 'answer' | 'value'>;
  /** A transfer of a modality counts as one, because its number of instances is unknown until it is opened. */
  readonly count: ReadonlySignal<number>;
  /** Asks the gateway; without a network the last count stays. `isAll`: for all accounts, for an administrator. */
  refresh(isAll: boolean): Promise<void>;
  /** The signed-in person decides about none of them. */
  noteNone(): void;
  /** Called when another person, or nobody, is signed in. */
  forget(): void;
}

export function createSentElsewhere(api: Pick<ApiClient, 'json'>): SentElsewhere {
  const waiting = createResource<Waiting, 'unheard'>(() => 'unheard');
  const ask = async (isAll: boolean, until: AbortSignal): Promise<Waiting> => {
    const { waitingSchema } = await import('#shared/protocol/not-taken.ts');
    const path = isAll ? '/uploads/waiting?all=1' : '/uploads/waiting';
    return api.json(path, waitingSchema, { signal: until });
  };
  return {
    waiting,
    count: computed(() => {
      const { notTaken = 0, held = 0, transfers = 0 } = waiting.value.value ?? {};
      return notTaken + held + transfers;
    }),
    refresh: (isAll) => waiting.ask((until) => ask(isAll, until)),
    noteNone: () => waiting.take({ notTaken: 0, held: 0, transfers: 0 }),
    forget: waiting.forget,
  };
}

/** The counts for each API client. */
const counts = new WeakMap<ApiClient, SentElsewhere>();

export function useSentElsewhere(): SentElsewhere {
  const api = useApi();
  const own = counts.get(api) ?? createSentElsewhere(api);
  counts.set(api, own);
  return own;
}
