/**
 * The upload page: choose files, see the studies found while reading continues, press Send. The whole page is the
 * drop zone. Everything shown here is only in this page's memory.
 */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { useIngest } from './found/ingest-context.ts';
import { deferred } from '../../kit/deferred.tsx';
import { ingestWords } from './page/ingest-words.ts';
import { headingOf } from './page/heading-of.ts';
import { useDropZone } from './choose/drop-zone.ts';
import { EmptyUpload } from './page/EmptyUpload.tsx';
import type { SelectionProps } from './page/Selection.tsx';
import type { SendBarProps } from './page/SendBar.tsx';

// Needed once something was chosen. They are loaded right after the page, so that choosing also works offline.
const loadSelection = () => import('./page/Selection.tsx').then((view) => view.Selection);
// The code of Send is loaded together with them, because an empty page sends nothing.
const loadSend = () => import('./send-chosen.ts');
const loadBar = () => import('./page/SendBar.tsx').then((view) => view.Bar);
const Selection = deferred<SelectionProps>(loadSelection, Nothing);
const Bar = deferred<SendBarProps>(loadBar, Nothing);

const ASKED_AGAIN = 'they are loaded again, with its failure shown, when something was chosen';

type UploadViewProps = {
  /** Shown below the drop zone once this device has studies. */
  readonly today: ComponentChildren;
};

export function UploadView({ today }: UploadViewProps) {
  const ingest = useIngest();
  const queued = useSignal<{ readonly instances: number } | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (queued.value === null) return;
    // The result of Send is at the top of the page, as on a new page.
    window.scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, [queued.value]);
  useEffect(() => {
    void ignoreFailure(Promise.all([loadSelection(), loadBar(), loadSend()]), ASKED_AGAIN);
  }, []);
  const hovering = useDropZone((items) => void ingest.addDataTransfer(items));
  const phase = ingest.phase.value;
  const studies = ingest.studies.value;
  const nothingYet =
    phase === 'idle' &&
    studies.length === 0 &&
    ingest.rejected.value.length === 0 &&
    ingest.skipped.value === 0;
  return (
    <>
      <main id="content" class="page upload">
        <h1 ref={heading} tabIndex={-1} class={nothingYet ? 'unseen' : undefined}>
          {headingOf(ingest)}
        </h1>
        {nothingYet ? <EmptyUpload today={today} /> : <Selection queued={queued.value?.instances ?? null} />}
      </main>
      {!nothingYet && <Bar onQueuedInPart={(instances) => (queued.value = { instances })} />}
      {hovering.value && (
        <div class="drop-veil" aria-hidden="true">
          <p class="large">{ingestWords.dropNow}</p>
        </div>
      )}
    </>
  );
}

function Nothing() {
  return null;
}
