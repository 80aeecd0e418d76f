/**
 * The models with their versions, and what an administrator does with them. Which of it a role may do the
 * gateway decides.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import { z } from 'zod';
import type { ApiClient } from '../net/api-client.ts';
import { modelListSchema, type Model } from './answers.ts';
import { troubleOf, type Trouble } from './trouble.ts';

export type ModelAction = 'activate' | 'stop' | 'rollback';

export interface ModelsStore {
  /** Null until they are known. */
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
    await work().catch(
      (error: unknown) => void (closed.signal.aborted || (trouble.value = troubleOf(error))),
    );
  }

  const ask = async () =>
    void (models.value = (await api.json('/models', modelListSchema, { signal: closed.signal })).models);
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
