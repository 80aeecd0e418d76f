/** The built-in viewer as the gateway has it, and an administrator's changes. The store watches it being fetched. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { builtInViewerSchema, type BuiltInViewer } from '#shared/protocol/viewer.ts';
import type { ApiClient } from '../net/api-client.ts';
import { troubleOf, type Trouble } from './admin-trouble.ts';

export interface BuiltInViewerStore {
  /** Null until loaded. */
  readonly viewer: ReadonlySignal<BuiltInViewer | null>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  load(): Promise<void>;
  turn(on: boolean): Promise<void>;
  remove(): Promise<void>;
  close(): void;
}

const PATH = '/admin/viewer';
/** A person sees the bar move. */
const ASK_AGAIN_MS = 1_000;

/** `later`: calls back after so many milliseconds; a test brings its own. */
export function createBuiltInViewerStore(
  api: Pick<ApiClient, 'json'>,
  later: (work: () => void, ms: number) => unknown = setTimeout,
): BuiltInViewerStore {
  const viewer = signal<BuiltInViewer | null>(null);
  const trouble = signal<Trouble | null>(null);
  const isBusy = signal(false);
  const closing = new AbortController();
  let isWaiting = false;
  const ask = async (options: { readonly method?: string; readonly body?: object } = {}): Promise<void> => {
    trouble.value = null;
    try {
      viewer.value = await api.json(PATH, builtInViewerSchema, { ...options, signal: closing.signal });
    } catch (error) {
      if (!closing.signal.aborted) trouble.value = troubleOf(error);
      return;
    }
    if (viewer.value.state !== 'fetching' || isWaiting) return;
    isWaiting = true;
    later(() => {
      isWaiting = false;
      if (!closing.signal.aborted) void ask();
    }, ASK_AGAIN_MS);
  };
  const change = async (options: { readonly method: string; readonly body?: object }): Promise<void> => {
    isBusy.value = true;
    await ask(options);
    isBusy.value = false;
  };
  return {
    viewer,
    trouble,
    isBusy,
    load: () => ask(),
    turn: (on) => change({ method: 'PUT', body: { on } }),
    remove: () => change({ method: 'DELETE' }),
    close: () => closing.abort(),
  };
}
