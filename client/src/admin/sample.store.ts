/** Sample data as the gateway has it, and its removal, step by step until nothing more can be removed. */
import { signal, type ReadonlySignal } from '@preact/signals';
import {
  sampleRemovalSchema,
  sampleSchema,
  type Sample,
  type SampleRemoval,
} from '#shared/protocol/sample.ts';
import type { ApiClient } from '../net/api-client.ts';
import { troubleOf, type Trouble } from './admin-trouble.ts';

export interface SampleStore {
  /** Null until loaded. */
  readonly sample: ReadonlySignal<Sample | null>;
  /** Studies that are removed so far; null: nobody is removing. */
  readonly removed: ReadonlySignal<number | null>;
  /** The things that the last removal left there; null: there was none. */
  readonly left: ReadonlySignal<SampleRemoval['left'] | null>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  load(): Promise<void>;
  remove(): Promise<void>;
  close(): void;
}

const PATH = '/admin/sample';

export function createSampleStore(api: Pick<ApiClient, 'json'>): SampleStore {
  const sample = signal<Sample | null>(null);
  const removed = signal<number | null>(null);
  const left = signal<SampleRemoval['left'] | null>(null);
  const trouble = signal<Trouble | null>(null);
  const closing = new AbortController();
  const until = { signal: closing.signal };
  const tried = async (work: () => Promise<void>): Promise<void> => {
    trouble.value = null;
    try {
      await work();
    } catch (error) {
      if (!closing.signal.aborted) trouble.value = troubleOf(error);
    }
  };
  const load = async (): Promise<void> => {
    sample.value = await api.json(PATH, sampleSchema, until);
  };
  const removeAll = async (): Promise<void> => {
    const found: SampleRemoval['left'] = [];
    for (let next: string | null = ''; next !== null; ) {
      const path: string = `${PATH}?after=${next}`;
      const step: SampleRemoval = await api.json(path, sampleRemovalSchema, { ...until, method: 'DELETE' });
      removed.value = (removed.value ?? 0) + step.removed.studies;
      found.push(...step.left);
      next = step.next;
    }
    left.value = gathered(found);
    await load();
  };
  return {
    sample,
    removed,
    left,
    trouble,
    load: () => tried(load),
    async remove() {
      if (removed.value !== null) return;
      removed.value = 0;
      left.value = null;
      await tried(removeAll);
      removed.value = null;
    },
    close: () => closing.abort(),
  };
}

/** One line for each reason and place, over all steps. */
function gathered(found: SampleRemoval['left']): SampleRemoval['left'] {
  const groups = Map.groupBy(found, ({ because, name }) => `${because} ${name}`);
  return [...groups.values()].map((those) => ({
    ...those[0]!,
    count: those.reduce((sum, { count }) => sum + count, 0),
  }));
}
