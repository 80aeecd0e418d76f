/** The store of a page or of a part of one: made as it comes, loaded, and closed as it goes. */
import { useEffect, useState } from 'preact/hooks';
import { refreshInSight } from '../kit/refresh-in-sight.ts';
import type { ApiClient } from './api-client.ts';
import { useApi } from './net-context.ts';

type PageStore = {
  load(): Promise<void>;
  /** Loads only what changes without the person; where it is missing, everything is loaded again. */
  refresh?(): Promise<void>;
  close(): void;
};

/** `everyMs`: it is refreshed so often while the page is seen. */
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
