/** A view that is loaded when it is first opened, so that the upload page is usable earlier. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useLate } from './use-late.ts';
import { kitWords } from './kit-words.ts';

/**
 * If `load` fails (offline, and the service worker has no copy yet), the error is thrown into the boundary. `Waiting`
 * is drawn until then; by default, the placeholder of a page.
 */
export function deferred<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  Waiting: ComponentType = WaitingPage,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null;
  return function Deferred(props: Props) {
    const [view, setView] = useState<{ View: ComponentType<Props> } | null>(loaded && { View: loaded });
    const [failure, setFailure] = useState<unknown>(null);
    useEffect(() => {
      if (view) return;
      load().then((View) => {
        loaded = View;
        setView({ View });
      }, setFailure);
    }, []);
    if (failure) throw failure;
    return view ? <view.View {...props} /> : <Waiting />;
  };
}

function WaitingPage() {
  const late = useLate(true);
  return (
    <main id="content" class="page" aria-busy="true">
      {late && <p class="quiet">{kitWords.working}</p>}
    </main>
  );
}
