/** The vaults of the site, the requests to open identities, and an administrator's actions on them. */
import { z } from 'zod';
import { roleSchema } from '#shared/protocol/api.ts';
import { NEVER_KEY_HOLDER } from '#shared/protocol/policy.ts';
import { vaultAnswerSchema, type VaultAnswer } from '#shared/protocol/vault.ts';
import { openAttempt } from '../kit/open-attempt.ts';
import { createResource } from '../kit/resource.ts';
import type { Trouble } from '../kit/trouble.ts';
import type { ApiClient } from '../net/api-client.ts';
import { troubleOf } from '../net/trouble-of.ts';

const PATH = '/admin/vault';
const usersSchema = z.object({
  users: z.array(z.object({ username: z.string(), disabled: z.boolean(), roles: z.array(roleSchema) })),
});

export type VaultStore = ReturnType<typeof createVaultStore>;

export function createVaultStore(api: Pick<ApiClient, 'json' | 'text'>) {
  const answer = createResource<VaultAnswer, Trouble>(troubleOf);
  const people = createResource<readonly string[], Trouble>(troubleOf);
  const { trouble, isBusy, tried } = openAttempt(troubleOf);
  const load = (): Promise<void> => answer.ask((signal) => api.json(PATH, vaultAnswerSchema, { signal }));
  const change = (method: string, path: string): Promise<boolean> =>
    tried(async () => {
      await api.text(`${PATH}/${path}`, { method });
      await load();
    });
  return {
    answer,
    /** Who may hold a half: the gateway takes nobody who may also work without knowing identities. */
    people,
    /** Why closing, deleting or refusing failed. */
    trouble,
    isBusy,
    load,
    loadPeople: (): Promise<void> =>
      people.ask(async (signal) => {
        const { users } = await api.json('/admin/users', usersSchema, { signal });
        return users
          .filter(({ disabled, roles }) => !disabled && roles.length > 0 && !roles.includes(NEVER_KEY_HOLDER))
          .map(({ username }) => username);
      }),
    /** Throws ApiProblem, Unreachable. */
    async make(holders: readonly string[]): Promise<void> {
      answer.take(await api.json(PATH, vaultAnswerSchema, { method: 'POST', body: { holders } }));
    },
    closeVault: (id: string): Promise<boolean> => change('POST', `${id}/close`),
    deleteVault: (id: string): Promise<boolean> => change('DELETE', id),
    refuse: (request: string): Promise<boolean> => change('POST', `requests/${request}/refuse`),
    close(): void {
      answer.close();
      people.close();
    },
  };
}
