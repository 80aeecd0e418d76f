/**
 * The models with their versions, and the administrator's actions on them. The gateway decides which role may do
 * which.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import { z } from 'zod';
import type { ApiClient } from '../net/api-client.ts';
import { modelListSchema, type Model } from './answers.ts';
import { troubleOf, type Trouble } from './trouble.ts';

export type ModelAction = 'activate' | 'stop' | 'rollback';

export interface ModelsStore {
  /** Null until loaded. */
  readonly models: ReadonlySignal<readonly Model[] | null>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  load(): Promise<void>;
  act(model: string, version: string, action: ModelAction): Promise<void>;
  close(): void;
}

export function createModelsStore(api: Pick<ApiClient, 'json'>): ModelsStore {
  const models = signal<readonly Model[] | null>(null);
  const trouble = signal<Trouble | null>(null);
  const closed = new AbortController();

  async function tried(work: () => Promise<void>): Promise<void> {
    trouble.value = null;
    try {
      await work();
    } catch (error) {
      if (!closed.signal.aborted) trouble.value = troubleOf(error);
    }
  }

  async function ask(): Promise<void> {
    const { models: known } = await api.json('/models', modelListSchema, { signal: closed.signal });
    models.value = known;
  }

  return {
    models,
    trouble,
    load: () => tried(ask),
    act: (model, version, action) =>
      tried(async () => {
        await api.json(`/models/${model}/versions/${encodeURIComponent(version)}/${action}`, z.unknown(), {
          method: 'POST',
        });
        await ask();
      }),
    close: () => closed.abort(),
  };
}
