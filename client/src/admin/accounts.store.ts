/** The accounts of the site, and the administrator's actions on them. */
import type { ReadonlySignal } from '@preact/signals';
import { z } from 'zod';
import { type Role, roleSchema } from '#shared/protocol/api.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { openAttempt } from '../kit/open-attempt.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';

const accountSchema = z.object({
  id: z.string(),
  username: z.string(),
  roles: z.array(roleSchema),
  disabled: z.boolean(),
  createdAt: z.iso.datetime(),
  lastSignInAt: z.iso.datetime().nullable(),
  sessions: z.number().int(),
  devices: z.number().int(),
  /** The AE titles of modalities that store under this account. */
  modalities: z.array(z.string()),
});
const listSchema = z.object({ users: z.array(accountSchema) });
const addedSchema = z.object({ username: z.string() });
export type ListedAccount = z.infer<typeof accountSchema>;

/** `id`: the account that was to be changed. */
type AccountTrouble = Trouble & { readonly id: string };

export type NewAccount = {
  readonly username: string;
  readonly password: string;
  readonly roles: readonly Role[];
};
export interface AccountsStore {
  readonly accounts: Resource<readonly ListedAccount[], Trouble>;
  readonly trouble: ReadonlySignal<AccountTrouble | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  /** Loads or refreshes the accounts, because people sign in elsewhere meanwhile. */
  load(): Promise<void>;
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
  const accounts = createResource<readonly ListedAccount[], Trouble>(troubleOf);
  let changing = '';
  const { trouble, isBusy, tried } = openAttempt((error) => ({ ...troubleOf(error), id: changing }));
  const load = (): Promise<void> =>
    accounts.ask(async (signal) => (await api.json(PATH, listSchema, { signal })).users);
  const change = async (id: string, end: string, request: { method: string; body?: unknown }) => {
    changing = id;
    await tried(async () => {
      await api.text(`${PATH}/${id}${end}`, request);
      await load();
    });
  };
  return {
    accounts,
    trouble,
    isBusy,
    // A change in progress reloads the list itself.
    load: async () => void (isBusy.peek() || (await load())),
    async add(body) {
      await api.json(PATH, addedSchema, { method: 'POST', body });
      await load();
    },
    async setPassword(id, password) {
      await api.text(`${PATH}/${id}/password`, { method: 'PUT', body: { password } });
      await load();
    },
    change: (id, body) => change(id, '', { method: 'PATCH', body }),
    endSessions: (id) => change(id, '/sessions', { method: 'DELETE' }),
    close: accounts.close,
  };
}
