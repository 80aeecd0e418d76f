/** The API keys of the site, and the administrator's actions on them. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { z } from 'zod';
import {
  apiKeyListSchema,
  type ApiKeyScope,
  type ListedApiKey,
  madeApiKeySchema,
} from '#shared/protocol/api-key.ts';
import type { ApiClient } from '../net/api-client.ts';
import { type Trouble, troubleOf } from './admin-trouble.ts';

const usersSchema = z.object({
  users: z.array(z.object({ id: z.string(), username: z.string(), disabled: z.boolean() })),
});
export type KeyOwner = { readonly id: string; readonly username: string };

export type AskedKey = {
  readonly name: string;
  readonly accountId: string;
  readonly scopes: readonly ApiKeyScope[];
  readonly expiresInDays: number;
};
/** With the text, which no later answer holds. */
export type MadeKey = { readonly name: string; readonly key: string };

export interface ApiKeysStore {
  /** Null until loaded. */
  readonly keys: ReadonlySignal<readonly ListedApiKey[] | null>;
  /** The accounts that a key may act for. */
  readonly owners: ReadonlySignal<readonly KeyOwner[]>;
  /** The key that was made last, until the page closes or another one is made. */
  readonly made: ReadonlySignal<MadeKey | null>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  load(): Promise<void>;
  /** Whether it was made. */
  make(asked: AskedKey): Promise<boolean>;
  revoke(id: string): Promise<void>;
  close(): void;
}

export function createApiKeysStore(api: Pick<ApiClient, 'json' | 'text'>): ApiKeysStore {
  const keys = signal<readonly ListedApiKey[] | null>(null);
  const owners = signal<readonly KeyOwner[]>([]);
  const made = signal<MadeKey | null>(null);
  const trouble = signal<Trouble | null>(null);
  const isBusy = signal(false);
  const closed = new AbortController();
  const options = { signal: closed.signal };

  const list = async (): Promise<void> => {
    keys.value = (await api.json('/admin/api-keys', apiKeyListSchema, options)).keys;
  };
  const tried = async (work: () => Promise<void>): Promise<boolean> => {
    trouble.value = null;
    isBusy.value = true;
    try {
      await work();
      return true;
    } catch (error) {
      if (!closed.signal.aborted) trouble.value = troubleOf(error);
      return false;
    } finally {
      isBusy.value = false;
    }
  };

  return {
    keys,
    owners,
    made,
    trouble,
    isBusy,
    load: async () => {
      await tried(async () => {
        const { users } = await api.json('/admin/users', usersSchema, options);
        owners.value = users.filter(({ disabled }) => !disabled);
        await list();
      });
    },
    make: (asked) =>
      tried(async () => {
        made.value = null;
        const request = { ...options, method: 'POST', body: asked };
        made.value = await api.json('/admin/api-keys', madeApiKeySchema, request);
        await list();
      }),
    revoke: async (id) => {
      await tried(async () => {
        await api.text(`/admin/api-keys/${id}`, { ...options, method: 'DELETE' });
        await list();
      });
    },
    close: () => closed.abort(),
  };
}
