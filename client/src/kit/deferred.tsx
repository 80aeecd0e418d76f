/** A view that is fetched when it is first opened, so that the upload page is usable before. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useLate } from './use-late.ts';
import { kitWords } from './kit-words.ts';

/**
 * `load` is asked once; when it fails (offline, and the service worker has not got it yet) the error is
 * thrown into the boundary.
 */
export function deferred<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null;
  return function Deferred(props: Props) {
    const [view, setView] = useState<{ View: ComponentType<Props> } | null>(loaded && { View: loaded });
    const [failure, setFailure] = useState<unknown>(null);
    useEffect(() => {
      if (!view) load().then((View) => setView({ View: (loaded = View) }), setFailure);
    }, []);
    const late = useLate(!view);
    if (failure) throw failure;
    return view ? (
      <view.View {...props} />
    ) : (
      <main id="content" class="page" aria-busy="true">
        {late && <p class="quiet">{kitWords.working}</p>}
      </main>
    );
  };
}
