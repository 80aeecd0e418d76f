/** The gateway's disk, and what occupies it. */
import { type Storage, storageSchema } from '#shared/protocol/storage.ts';
import { openAttempt } from '../kit/open-attempt.ts';
import { createResource } from '../kit/resource.ts';
import type { Trouble } from '../kit/trouble.ts';
import type { ApiClient } from '../net/api-client.ts';
import { troubleOf } from '../net/trouble-of.ts';

const PATH = '/admin/storage';

export function createStorageStore(api: Pick<ApiClient, 'json' | 'text'>) {
  const storage = createResource<Storage, Trouble>(troubleOf);
  const { trouble, isBusy, tried } = openAttempt(troubleOf);
  const load = (): Promise<void> => storage.ask((signal) => api.json(PATH, storageSchema, { signal }));
  return {
    storage,
    trouble,
    isBusy,
    load,
    removeOrphans: (): Promise<boolean> =>
      tried(async () => {
        await api.text(`${PATH}/orphans`, { method: 'DELETE' });
        await load();
      }),
    close: storage.close,
  };
}
