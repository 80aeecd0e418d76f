/** The accounts of the site, and the administrator's actions on them. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { z } from 'zod';
import { type Role, roleSchema } from '#shared/protocol/api.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { ApiClient } from '../net/api-client.ts';
import { type Trouble, troubleOf } from './admin-trouble.ts';

const accountSchema = z.object({
  id: z.string(),
  username: z.string(),
  roles: z.array(roleSchema),
  disabled: z.boolean(),
  createdAt: z.iso.datetime(),
  lastSignInAt: z.iso.datetime().nullable(),
  sessions: z.number().int(),
  devices: z.number().int(),
  /** The AE titles of modalities that store for it. */
  modalities: z.array(z.string()),
});
const listSchema = z.object({ users: z.array(accountSchema) });
const addedSchema = z.object({ username: z.string() });
export type ListedAccount = z.infer<typeof accountSchema>;

/** `id`: of the account that was to be changed; null: the list could not be read. */
export type AccountTrouble = Trouble & { readonly id: string | null };

export type NewAccount = {
  readonly username: string;
  readonly password: string;
  readonly roles: readonly Role[];
};
export interface AccountsStore {
  /** Null until loaded. */
  readonly accounts: ReadonlySignal<readonly ListedAccount[] | null>;
  readonly trouble: ReadonlySignal<AccountTrouble | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  load(): Promise<void>;
  /** Meanwhile people sign in elsewhere. Without a network the last list stays. */
  refresh(): Promise<void>;
  /** Throws ApiProblem, Unreachable. */
  add(account: NewAccount): Promise<void>;
  /** Throws ApiProblem, Unreachable. */
  setPassword(id: string, password: string): Promise<void>;
  change(
    id: string,
    change: { readonly roles?: readonly Role[]; readonly disabled?: boolean },
  ): Promise<void>;
  endSessions(id: string): Promise<void>;
  close(): void;
}

const PATH = '/admin/users';

export function createAccountsStore(api: Pick<ApiClient, 'json' | 'text'>): AccountsStore {
  const accounts = signal<readonly ListedAccount[] | null>(null);
  const trouble = signal<AccountTrouble | null>(null);
  const isBusy = signal(false);
  const closed = new AbortController();
  const options = { signal: closed.signal };
  let asked = 0;
  const list = async (): Promise<void> => {
    asked += 1;
    const own = asked;
    const { users } = await api.json(PATH, listSchema, options);
    // A later question has a newer answer.
    if (own === asked) accounts.value = users;
  };
  const tried = async (work: () => Promise<void>, id: string | null = null): Promise<void> => {
    trouble.value = null;
    isBusy.value = true;
    try {
      await work();
    } catch (error) {
      if (!closed.signal.aborted) trouble.value = { ...troubleOf(error), id };
    } finally {
      isBusy.value = false;
    }
  };
  const change = (id: string, end: string, request: { method: string; body?: unknown }): Promise<void> =>
    tried(async () => {
      await api.text(`${PATH}/${id}${end}`, { ...options, ...request });
      await list();
    }, id);
  return {
    accounts,
    trouble,
    isBusy,
    load: () => tried(list),
    async refresh() {
      // A change that is under way lists them itself.
      if (!isBusy.value) await ignoreFailure(list(), 'the last list stays');
    },
    async add(body) {
      await api.json(PATH, addedSchema, { ...options, method: 'POST', body });
      await tried(list);
    },
    async setPassword(id, password) {
      await api.text(`${PATH}/${id}/password`, { ...options, method: 'PUT', body: { password } });
      await tried(list);
    },
    change: (id, body) => change(id, '', { method: 'PATCH', body }),
    endSessions: (id) => change(id, '/sessions', { method: 'DELETE' }),
    close: () => closed.abort(),
  };
}
