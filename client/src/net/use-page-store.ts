/** The store of a page or of a part of one: created and loaded when it appears, and closed when it disappears. */
import { useEffect, useState } from 'preact/hooks';
import { refreshInSight } from '../kit/refresh-in-sight.ts';
import type { ApiClient } from './api-client.ts';
import { useApi } from './net-context.ts';

type PageStore = {
  load(): Promise<void>;
  /** Loads only what can change without the person acting. If this is missing, everything is loaded again. */
  refresh?(): Promise<void>;
  close(): void;
};

/** `everyMs`: the refresh interval while the page is visible. */
export function usePageStore<Store extends PageStore>(make: (api: ApiClient) => Store, everyMs = 0): Store {
  const api = useApi();
  const [store] = useState(() => make(api));
  useEffect(() => {
    void store.load();
    const refresh = (): void => void (store.refresh ?? store.load)();
    const ends = everyMs > 0 ? refreshInSight(refresh, everyMs) : null;
    return () => {
      ends?.();
      store.close();
    };
  }, [store]);
  return store;
}
