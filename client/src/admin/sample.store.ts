/** The sample data at the gateway, and its removal, step by step until nothing more can be removed. */
import { signal, type ReadonlySignal } from '@preact/signals';
import {
  gatherLeft,
  sampleRemovalSchema,
  sampleSchema,
  type Sample,
  type SampleRemoval,
} from '#shared/protocol/sample.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { openAttempt } from '../kit/open-attempt.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';

interface SampleStore {
  readonly sample: Resource<Sample, Trouble>;
  /** The number of studies removed so far; null: no removal is in progress. */
  readonly removed: ReadonlySignal<number | null>;
  /** What the last removal could not remove; null: there was no removal. */
  readonly left: ReadonlySignal<SampleRemoval['left'] | null>;
  /** Why the removal stopped. */
  readonly trouble: ReadonlySignal<Trouble | null>;
  load(): Promise<void>;
  remove(): Promise<void>;
  close(): void;
}

const PATH = '/admin/sample';

export function createSampleStore(api: Pick<ApiClient, 'json'>): SampleStore {
  const sample = createResource<Sample, Trouble>(troubleOf);
  const removed = signal<number | null>(null);
  const left = signal<SampleRemoval['left'] | null>(null);
  const { trouble, tried } = openAttempt(troubleOf);
  const closing = new AbortController();
  const until = { signal: closing.signal };
  const load = (): Promise<void> => sample.ask((signal) => api.json(PATH, sampleSchema, { signal }));
  const removeAll = async (): Promise<void> => {
    const found: SampleRemoval['left'] = [];
    for (let next: string | null = ''; next !== null; ) {
      const path: string = `${PATH}?after=${next}`;
      const step: SampleRemoval = await api.json(path, sampleRemovalSchema, { ...until, method: 'DELETE' });
      removed.value = (removed.value ?? 0) + step.removed.studies;
      found.push(...step.left);
      next = step.next;
    }
    left.value = gatherLeft(found);
    await load();
  };
  return {
    sample,
    removed,
    left,
    trouble,
    load,
    async remove() {
      if (removed.value !== null) return;
      removed.value = 0;
      left.value = null;
      await tried(removeAll);
      removed.value = null;
    },
    close() {
      closing.abort();
      sample.close();
    },
  };
}
