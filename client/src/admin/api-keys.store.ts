/** The API keys of the site, and the administrator's actions on them. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { z } from 'zod';
import {
  type ApiKeyList,
  apiKeyListSchema,
  type ApiKeyScope,
  madeApiKeySchema,
} from '#shared/protocol/api-key.ts';
import type { ApiClient } from '../net/api-client.ts';
import { type Trouble, troubleOf } from './admin-trouble.ts';

const policiesSchema = z.object({
  policies: z.array(z.object({ name: z.string(), inForce: z.number().nullable() })),
});
const usualSchema = z.object({ default: z.string() });
const usersSchema = z.object({
  users: z.array(z.object({ id: z.string(), username: z.string(), disabled: z.boolean() })),
});
export type KeyOwner = { readonly id: string; readonly username: string };

/** Those in force, and the one of requests that name none. */
export type KeyPolicies = { readonly names: readonly string[]; readonly usual: string };

export type AskedKey = {
  readonly name: string;
  readonly accountId: string;
  readonly scopes: readonly ApiKeyScope[];
  /** Null: the gateway's default. */
  readonly policy: string | null;
  readonly expiresInDays: number;
};
/** With the text, which no later answer holds. */
export type MadeKey = { readonly name: string; readonly key: string };

type Which = 'keys' | 'ended';

export interface ApiKeysStore {
  /** Null until loaded. */
  readonly keys: ReadonlySignal<ApiKeyList | null>;
  /** Those that were revoked or have expired; null until somebody asks for them. */
  readonly ended: ReadonlySignal<ApiKeyList | null>;
  /** The accounts that a key may act for. */
  readonly owners: ReadonlySignal<readonly KeyOwner[]>;
  readonly policies: ReadonlySignal<KeyPolicies>;
  /** The key that was made last, until the page closes or another one is made. */
  readonly made: ReadonlySignal<MadeKey | null>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  load(): Promise<void>;
  /** The first ones, or those after the last that is shown. */
  loadMore(which: Which): Promise<void>;
  /** Whether it was made. */
  make(asked: AskedKey): Promise<boolean>;
  revoke(id: string): Promise<void>;
  close(): void;
}

/** The keys as far as they were asked for, page by page. */
function openLists(api: Pick<ApiClient, 'json'>, options: { readonly signal: AbortSignal }) {
  const lists = { keys: signal<ApiKeyList | null>(null), ended: signal<ApiKeyList | null>(null) };
  const page = (which: Which, after: string | null): Promise<ApiKeyList> => {
    const query = new URLSearchParams();
    if (which === 'ended') query.set('ended', '1');
    if (after !== null) query.set('after', after);
    const path = query.size === 0 ? '/admin/api-keys' : `/admin/api-keys?${query.toString()}`;
    return api.json(path, apiKeyListSchema, options);
  };
  return {
    lists,
    /** From the first page on. */
    async list(): Promise<void> {
      lists.keys.value = await page('keys', null);
      if (lists.ended.value !== null) lists.ended.value = await page('ended', null);
    },
    async loadMore(which: Which): Promise<void> {
      const before = lists[which].value;
      const more = await page(which, before?.next ?? null);
      lists[which].value = { keys: [...(before?.keys ?? []), ...more.keys], next: more.next };
    },
  };
}

/** The choices of the form. */
async function readChoices(
  api: Pick<ApiClient, 'json'>,
  options: { readonly signal: AbortSignal },
): Promise<{ readonly owners: readonly KeyOwner[]; readonly policies: KeyPolicies }> {
  const [{ users }, { policies }, { default: usual }] = await Promise.all([
    api.json('/admin/users', usersSchema, options),
    api.json('/admin/policies', policiesSchema, options),
    api.json('/upload/policy', usualSchema, options),
  ]);
  const names = policies.filter(({ inForce }) => inForce !== null).map(({ name }) => name);
  return { owners: users.filter(({ disabled }) => !disabled), policies: { names, usual } };
}

export function createApiKeysStore(api: Pick<ApiClient, 'json' | 'text'>): ApiKeysStore {
  const owners = signal<readonly KeyOwner[]>([]);
  const policies = signal<KeyPolicies>({ names: [], usual: '' });
  const made = signal<MadeKey | null>(null);
  const trouble = signal<Trouble | null>(null);
  const isBusy = signal(false);
  const closed = new AbortController();
  const options = { signal: closed.signal };
  const { lists, list, loadMore } = openLists(api, options);

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
    ...lists,
    owners,
    policies,
    made,
    trouble,
    isBusy,
    load: async () => {
      await tried(async () => {
        const choices = await readChoices(api, options);
        owners.value = choices.owners;
        policies.value = choices.policies;
        await list();
      });
    },
    loadMore: async (which) => {
      await tried(() => loadMore(which));
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
