/**
 * The models with their versions, and the administrator's actions on them. The gateway decides which role may perform
 * which action.
 */
import type { ReadonlySignal } from '@preact/signals';
import { z } from 'zod';
import { troubleOf } from '../../net/trouble-of.ts';
import type { Trouble } from '../../kit/trouble.ts';
import { openAttempt } from '../../kit/open-attempt.ts';
import { createResource, type Resource } from '../../kit/resource.ts';
import type { ApiClient } from '../../net/api-client.ts';
import { modelListSchema, type Model } from '../parts/answers.ts';

export type ModelAction = 'activate' | 'stop' | 'rollback';

export interface ModelsStore {
  readonly models: Resource<readonly Model[], Trouble>;
  /** Why an action was refused. */
  readonly trouble: ReadonlySignal<Trouble | null>;
  load(): Promise<void>;
  act(model: string, version: string, action: ModelAction): Promise<void>;
  close(): void;
}

export function createModelsStore(api: Pick<ApiClient, 'json'>): ModelsStore {
  const models = createResource<readonly Model[], Trouble>(troubleOf);
  const { trouble, tried } = openAttempt(troubleOf);
  const load = (): Promise<void> =>
    models.ask(async (signal) => (await api.json('/models', modelListSchema, { signal })).models);

  return {
    models,
    trouble,
    load,
    async act(model, version, action) {
      await tried(async () => {
        await api.json(`/models/${model}/versions/${encodeURIComponent(version)}/${action}`, z.unknown(), {
          method: 'POST',
        });
        await load();
      });
    },
    close: models.close,
  };
}
