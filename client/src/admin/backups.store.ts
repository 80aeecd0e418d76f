/** The backups of the gateway and their plan. The store follows one that is being made. */
import { backupsSchema, type BackupPlan, type Backups } from '#shared/protocol/backups.ts';
import { openAttempt } from '../kit/open-attempt.ts';
import { createResource } from '../kit/resource.ts';
import type { Trouble } from '../kit/trouble.ts';
import type { ApiClient } from '../net/api-client.ts';
import { saveFile } from '../net/save-file.ts';
import { troubleOf } from '../net/trouble-of.ts';

const PATH = '/admin/backups';
/** Often enough that a person sees it end. */
const ASK_AGAIN_MS = 1_000;

export type BackupsStore = ReturnType<typeof createBackupsStore>;

/** `later`: calls back after a number of milliseconds; replaceable in tests. */
export function createBackupsStore(
  api: Pick<ApiClient, 'json' | 'text' | 'send'>,
  later: (work: () => void, ms: number) => unknown = setTimeout,
) {
  const backups = createResource<Backups, Trouble>(troubleOf);
  const { trouble, isBusy, tried } = openAttempt(troubleOf);
  let isWaiting = false;
  const load = async (): Promise<void> => {
    await backups.ask((signal) => api.json(PATH, backupsSchema, { signal }));
    if (backups.value.peek()?.isUnderWay !== true || isWaiting) return;
    isWaiting = true;
    later(() => {
      isWaiting = false;
      void load();
    }, ASK_AGAIN_MS);
  };
  return {
    backups,
    /** Why making or saving one failed. */
    trouble,
    isBusy,
    load,
    /** `password`: of the person, where the recipient is another one. Throws ApiProblem, Unreachable. */
    async plan(plan: BackupPlan, password?: string): Promise<void> {
      const replaces = backups.value.peek()?.plan.recipient;
      const body = { ...plan, password, replaces };
      await api.text(PATH, { method: 'PUT', body });
      await load();
    },
    make: (): Promise<boolean> =>
      tried(async () => {
        await api.text(PATH, { method: 'POST' });
        await load();
      }),
    save: (name: string): Promise<boolean> => tried(() => saveFile(api, `${PATH}/${name}`, name)),
    close: backups.close,
  };
}
