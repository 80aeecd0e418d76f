/** The quotas of the site and of its accounts. */
import { quotasSchema, type Quota, type Quotas } from '#shared/protocol/quota.ts';
import { createResource } from '../kit/resource.ts';
import type { Trouble } from '../kit/trouble.ts';
import type { ApiClient } from '../net/api-client.ts';
import { troubleOf } from '../net/trouble-of.ts';

const PATH = '/admin/quotas';

export function createQuotasStore(api: Pick<ApiClient, 'json' | 'text'>) {
  const quotas = createResource<Quotas, Trouble>(troubleOf);
  const load = (): Promise<void> => quotas.ask((signal) => api.json(PATH, quotasSchema, { signal }));
  return {
    quotas,
    load,
    /**
     * `account` null: the default for accounts without their own quota. `quota` null: the account uses the default.
     * Throws ApiProblem, Unreachable.
     */
    async save(account: string | null, quota: Quota | null): Promise<void> {
      const [path, body] = account === null ? [PATH, quota] : [`${PATH}/${account}`, { quota }];
      await api.text(path, { method: 'PUT', body });
      await load();
    },
    close: quotas.close,
  };
}
