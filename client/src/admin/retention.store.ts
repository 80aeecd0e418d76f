/** How long what is kept, holds, and proofs of what was deleted. */
import {
  holdsSchema,
  type Holds,
  type NewHold,
  type Retention,
  retentionSchema,
  type RetentionDays,
} from '#shared/protocol/retention.ts';
import { openAttempt } from '../kit/open-attempt.ts';
import { createResource } from '../kit/resource.ts';
import type { Trouble } from '../kit/trouble.ts';
import type { ApiClient } from '../net/api-client.ts';
import { saveFile } from '../net/save-file.ts';
import { troubleOf } from '../net/trouble-of.ts';

const PATH = '/admin/retention';

export type RetentionStore = ReturnType<typeof createRetentionStore>;
export type Kept = Retention & Holds;

export function createRetentionStore(api: Pick<ApiClient, 'json' | 'text' | 'send'>) {
  const retention = createResource<Kept, Trouble>(troubleOf);
  const { trouble, isBusy, tried } = openAttempt(troubleOf);
  const load = (): Promise<void> =>
    retention.ask(async (signal) => {
      const [rules, held] = await Promise.all([
        api.json(PATH, retentionSchema, { signal }),
        api.json(`${PATH}/holds`, holdsSchema, { signal }),
      ]);
      return { ...rules, ...held };
    });
  return {
    retention,
    trouble,
    isBusy,
    load,
    /** What these days would delete; nothing is changed. Throws ApiProblem, Unreachable. */
    plan: (days: RetentionDays): Promise<Retention> =>
      api.json(`${PATH}?plan=true`, retentionSchema, { method: 'PUT', body: days }),
    /** Throws ApiProblem, Unreachable. */
    async set(days: RetentionDays): Promise<void> {
      await api.json(PATH, retentionSchema, { method: 'PUT', body: days });
      await load();
    },
    /** Throws ApiProblem, Unreachable. */
    async hold(hold: NewHold): Promise<void> {
      await api.text(`${PATH}/holds`, { method: 'POST', body: hold });
      await load();
    },
    end: (id: string): Promise<boolean> =>
      tried(async () => {
        await api.text(`${PATH}/holds/${id}/end`, { method: 'POST' });
        await load();
      }),
    saveProof: (id: string): Promise<boolean> =>
      tried(() => saveFile(api, `${PATH}/deletions/${id}`, `${id}.deletion.jws`)),
    close: retention.close,
  };
}
