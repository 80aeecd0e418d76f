/** The API keys of the site, and the administrator's actions on them. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { z } from 'zod';
import {
  type ApiKeyList,
  apiKeyListSchema,
  type ApiKeyScope,
  madeApiKeySchema,
} from '#shared/protocol/api-key.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { openAttempt } from '../kit/open-attempt.ts';
import { createPagedList, type PagedList } from '../kit/paged-list.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';

const policiesSchema = z.object({
  policies: z.array(z.object({ name: z.string(), inForce: z.number().nullable() })),
});
const usualSchema = z.object({ default: z.string() });
const usersSchema = z.object({
  users: z.array(z.object({ id: z.string(), username: z.string(), disabled: z.boolean() })),
});
type KeyOwner = { readonly id: string; readonly username: string };

/** The current policies, and the default for requests that name none. */
type KeyPolicies = { readonly names: readonly string[]; readonly usual: string };

export type AskedKey = {
  readonly name: string;
  readonly accountId: string;
  readonly scopes: readonly ApiKeyScope[];
  /** Null: the gateway's default. */
  readonly policy: string | null;
  readonly expiresInDays: number;
};
/** The choices in the form: the accounts that a key may act for, and the policies. */
export type KeyChoices = { readonly owners: readonly KeyOwner[]; readonly policies: KeyPolicies };

/** A new key with its text, which no later answer contains. */
type MadeKey = { readonly name: string; readonly key: string };

type Which = 'keys' | 'ended';

export interface ApiKeysStore {
  readonly keys: PagedList<ApiKeyList, Trouble>;
  /** Keys that were revoked or have expired, loaded on request. */
  readonly ended: PagedList<ApiKeyList, Trouble>;
  readonly choices: Resource<KeyChoices, Trouble>;
  /** The key that was created last, until the page closes or another key is created. */
  readonly made: ReadonlySignal<MadeKey | null>;
  /** Why a key could not be created or revoked. */
  readonly trouble: ReadonlySignal<Trouble | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  load(): Promise<void>;
  /** Loads the first keys, or those after the last one shown. */
  loadMore(which: Which): Promise<void>;
  /** Resolves to whether the key was created. */
  make(asked: AskedKey): Promise<boolean>;
  revoke(id: string): Promise<void>;
  close(): void;
}

const openList = (api: Pick<ApiClient, 'json'>, which: Which) =>
  createPagedList<ApiKeyList, 'keys', Trouble>(troubleOf, {
    rows: 'keys',
    idOf: ({ id }) => id,
    read(_, after, signal) {
      const query = new URLSearchParams();
      if (which === 'ended') query.set('ended', '1');
      if (after !== null) query.set('after', after);
      const path = query.size === 0 ? '/admin/api-keys' : `/admin/api-keys?${query.toString()}`;
      return api.json(path, apiKeyListSchema, { signal });
    },
  });

async function readChoices(
  api: Pick<ApiClient, 'json'>,
  options: { readonly signal: AbortSignal },
): Promise<KeyChoices> {
  const [{ users }, { policies }, { default: usual }] = await Promise.all([
    api.json('/admin/users', usersSchema, options),
    api.json('/admin/policies', policiesSchema, options),
    api.json('/upload/policy', usualSchema, options),
  ]);
  const names = policies.filter(({ inForce }) => inForce !== null).map(({ name }) => name);
  return { owners: users.filter(({ disabled }) => !disabled), policies: { names, usual } };
}

export function createApiKeysStore(api: Pick<ApiClient, 'json' | 'text'>): ApiKeysStore {
  const lists = { keys: openList(api, 'keys'), ended: openList(api, 'ended') };
  const choices = createResource<KeyChoices, Trouble>(troubleOf);
  const made = signal<MadeKey | null>(null);
  const { trouble, isBusy, tried } = openAttempt(troubleOf);
  /** Reloads from the first page; the ended keys only if somebody has opened them. */
  const list = async (): Promise<void> => {
    await lists.keys.load();
    if (lists.ended.value.peek() !== null) await lists.ended.load();
  };

  return {
    ...lists,
    choices,
    made,
    trouble,
    isBusy,
    async load() {
      await Promise.all([choices.ask((signal) => readChoices(api, { signal })), list()]);
    },
    async loadMore(which) {
      const of = lists[which];
      await (of.value.peek() === null ? of.load() : of.more());
    },
    make: (asked) =>
      tried(async () => {
        made.value = null;
        made.value = await api.json('/admin/api-keys', madeApiKeySchema, { method: 'POST', body: asked });
        await list();
      }),
    revoke: async (id) => {
      await tried(async () => {
        await api.text(`/admin/api-keys/${id}`, { method: 'DELETE' });
        await list();
      });
    },
    close() {
      for (const each of [lists.keys, lists.ended, choices]) each.close();
    },
  };
}
