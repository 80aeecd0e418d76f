/** The built-in viewer on the page of destinations: whether it is on, the progress of its download, and actions. */
import type { BuiltInViewer as State } from '#shared/protocol/viewer.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import { CodeLine } from '../kit/CodeLine.tsx';
import { formatBytes } from '../kit/format.ts';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { usePageStore } from '../net/use-page-store.ts';
import { createBuiltInViewerStore, type BuiltInViewerStore } from './built-in-viewer.store.ts';
import { builtInViewerWords as words } from './built-in-viewer-words.ts';

export function BuiltInViewer() {
  const store = usePageStore(createBuiltInViewerStore);
  return (
    <section class="destination hairline" aria-label={words.title}>
      <div>
        <h2>{words.title}</h2>
        <p class="quiet">{words.what}</p>
      </div>
      <TroubleAlert trouble={store.trouble.value} />
      <WhenKnown of={store.viewer} loading={kitWords.looking}>
        {(viewer) => (
          <>
            <Standing viewer={viewer} />
            {viewer.state !== 'no-port' && <Actions viewer={viewer} store={store} />}
          </>
        )}
      </WhenKnown>
    </section>
  );
}

function Standing({ viewer }: { readonly viewer: State }) {
  const { state, version, problem, code, host, hasProxy } = viewer;
  const wrong = problem && words.problem(problem, host, hasProxy);
  return (
    <div role="status" class="stack-tight">
      <p class="numbers">{[words.version(version), words.states[state]].join(kitWords.separator)}</p>
      {state === 'fetching' && <Fetching {...viewer} />}
      {wrong && (
        <Notice kind="stop" title={wrong.title}>
          <p>{wrong.next}</p>
          {code && <CodeLine code={code} />}
        </Notice>
      )}
    </div>
  );
}

function Fetching({ fetched, size }: Pick<State, 'fetched' | 'size'>) {
  const says = fetched < size ? words.fetched(formatBytes(fetched), formatBytes(size)) : words.unpacking;
  return (
    <>
      <progress class="viewer-progress" aria-label={says} max={size} value={fetched} />
      <p class="small quiet numbers">{says}</p>
    </>
  );
}

type ActionsProps = { readonly viewer: State; readonly store: BuiltInViewerStore };

function Actions({ viewer: { state }, store }: ActionsProps) {
  const isOff = state === 'off' || state === 'absent';
  return (
    <div class="row">
      <button
        type="button"
        class="button"
        disabled={store.isBusy.value}
        onClick={() => void store.turn(isOff)}
      >
        {isOff ? words.turnOn : state === 'fetching' ? words.stop : words.turnOff}
      </button>
      {(state === 'on' || state === 'off') && (
        <AskFirst
          label={words.remove}
          of={words.removeViewer}
          ask={words.askRemove}
          onYes={() => void store.remove()}
        />
      )}
    </div>
  );
}
