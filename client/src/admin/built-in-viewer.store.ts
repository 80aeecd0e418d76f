/** The state of the built-in viewer at the gateway, and an administrator's changes. The store follows its download. */
import type { ReadonlySignal } from '@preact/signals';
import { builtInViewerSchema, type BuiltInViewer } from '#shared/protocol/viewer.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { openAttempt } from '../kit/open-attempt.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';

export interface BuiltInViewerStore {
  readonly viewer: Resource<BuiltInViewer, Trouble>;
  /** Why a change failed. */
  readonly trouble: ReadonlySignal<Trouble | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  load(): Promise<void>;
  turn(on: boolean): Promise<void>;
  remove(): Promise<void>;
  close(): void;
}

const PATH = '/admin/viewer';
/** Often enough that a person sees the progress bar move. */
const ASK_AGAIN_MS = 1_000;

/** `later`: calls back after a number of milliseconds; replaceable in tests. */
export function createBuiltInViewerStore(
  api: Pick<ApiClient, 'json'>,
  later: (work: () => void, ms: number) => unknown = setTimeout,
): BuiltInViewerStore {
  const viewer = createResource<BuiltInViewer, Trouble>(troubleOf);
  const { trouble, isBusy, tried } = openAttempt(troubleOf);
  let isWaiting = false;
  const load = async (): Promise<void> => {
    await viewer.ask((signal) => api.json(PATH, builtInViewerSchema, { signal }));
    askAgain();
  };
  const askAgain = (): void => {
    if (viewer.value.peek()?.state !== 'fetching' || isWaiting) return;
    isWaiting = true;
    later(() => {
      isWaiting = false;
      void load();
    }, ASK_AGAIN_MS);
  };
  const change = async (options: { readonly method: string; readonly body?: object }): Promise<void> => {
    await tried(async () => viewer.take(await api.json(PATH, builtInViewerSchema, options)));
    askAgain();
  };
  return {
    viewer,
    trouble,
    isBusy,
    load,
    turn: (on) => change({ method: 'PUT', body: { on } }),
    remove: () => change({ method: 'DELETE' }),
    close: viewer.close,
  };
}
