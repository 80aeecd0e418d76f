/**
 * The upload page: choose, see the studies found while reading continues, press Send. The whole page is the
 * drop zone. Everything shown here is in this page's memory only.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { useIngest } from './ingest-context.ts';
import { Notice } from '../../kit/Notice.tsx';
import { hrefOf } from '../../kit/routes.ts';
import { VirtualList } from '../../kit/VirtualList.tsx';
import { ingestWords } from './ingest-words.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { useDropZone } from './drop-zone.ts';
import { EmptyUpload } from './EmptyUpload.tsx';
import type { FoundStudy, IngestPhase } from './found-study.ts';
import { HasRead, Reading } from './Reading.tsx';
import { RejectedFiles } from './RejectedFiles.tsx';
import { QueueingBar, SendBar } from './SendBar.tsx';
import { StudyCard } from './StudyCard.tsx';

/** Height of a card that was not drawn yet, in px. */
const CARD = 196;

export function UploadView() {
  const ingest = useIngest();
  const queued = useSignal<{ readonly instances: number } | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (queued.value === null) return;
    // The result of Send is at the top, as on a new page.
    window.scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, [queued.value]);
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
          {headingOf(phase, studies.length)}
        </h1>
        {studies.length > 0 && <GoToSend />}
        {nothingYet ? <EmptyUpload /> : <Selection queued={queued.value?.instances ?? null} />}
      </main>
      {!nothingYet &&
        (phase === 'queueing' ? (
          <QueueingBar />
        ) : (
          studies.length > 0 && <SendBar onQueuedInPart={(instances) => (queued.value = { instances })} />
        ))}
      {hovering.value && (
        <div class="drop-veil" aria-hidden="true">
          <p class="large">{ingestWords.dropNow}</p>
        </div>
      )}
    </>
  );
}

/** From the keyboard, past every study and picture. */
function GoToSend() {
  const go = () =>
    (
      document.querySelector<HTMLElement>('.send-button:enabled') ??
      document.querySelector<HTMLElement>('.send-bar button:enabled')
    )?.focus();
  return (
    <button type="button" class="skip button" onClick={go}>
      {ingestWords.goToSend}
    </button>
  );
}

function headingOf(phase: IngestPhase, studies: number): string {
  if (studies === 0) return kitWords.pages.upload;
  return phase === 'queueing' ? ingestWords.makingSafe(studies) : ingestWords.found(studies);
}

function Selection({ queued }: { readonly queued: number | null }) {
  const ingest = useIngest();
  const phase = ingest.phase.value;
  const studies = ingest.studies.value;
  const isRead = phase === 'found' || phase === 'idle';
  // Files of studies that are in the queue by now were neither refused nor skipped.
  const nothingFound =
    studies.length === 0 &&
    ingest.rejected.value.length + ingest.skipped.value >= ingest.progress.value.filesRead;
  return (
    <>
      {phase === 'reading' ? <Reading /> : <HasRead />}
      {isRead && <SendProblem />}
      {isRead && queued !== null && <QueuedInPart instances={queued} />}
      <SeveralPatients studies={studies} />
      {isRead && nothingFound && (
        <Notice kind="plain" title={ingestWords.nothing}>
          <p>{ingestWords.nothingNext}</p>
        </Notice>
      )}
      {studies.length > 0 && (
        <VirtualList
          items={studies}
          keyOf={(study) => study.studyInstanceUID}
          estimate={CARD}
          label={ingestWords.found(studies.length)}
          class="cards"
          render={(study) => <StudyCard study={study} />}
        />
      )}
      <RejectedFiles
        files={ingest.heldBack.value}
        title={ingestWords.heldBack(ingest.heldBack.value.length)}
        what={ingestWords.heldBackWhat}
      />
      <RejectedFiles
        files={ingest.rejected.value}
        title={ingestWords.cannotGo(ingest.rejected.value.length)}
        what={ingestWords.cannotGoWhat}
      />
      <RejectedFiles
        files={ingest.skippedFiles.value}
        title={ingestWords.skipped(ingest.skipped.value)}
        what={ingestWords.skippedWhat}
      />
    </>
  );
}

/**
 * The result of the last Send, until the page is left: some of its files are listed below and not in the
 * queue.
 */
function QueuedInPart({ instances }: { readonly instances: number }) {
  return (
    <Notice kind="plain" sign="device" title={ingestWords.queued(instances)}>
      <p>{ingestWords.queuedInPart}</p>
      <p class="notice-actions">
        <a class="button" href={hrefOf({ page: 'studies' })}>
          {ingestWords.toQueue}
        </a>
      </p>
    </Notice>
  );
}

/** A mistake that nobody notices until the wrong chart is open: shown once, above all studies. */
function SeveralPatients({ studies }: { readonly studies: readonly FoundStudy[] }) {
  if (!studies.some((study) => study.warnings.includes('two-patients'))) return null;
  const patients = new Set(
    studies.map((study) => `${study.patientId.trim()}\n${study.patientName.trim().toUpperCase()}`),
  );
  return (
    <Notice kind="wait">
      <p>{ingestWords.severalPatients(patients.size)}</p>
    </Notice>
  );
}

/** Why Send did not work: what happened, what it means, what to do. */
function SendProblem() {
  const ingest = useIngest();
  const problem = ingest.problem.value;
  return (
    <div role="alert">
      {problem && (
        <Notice kind="stop" title={ingestWords.sendProblem[problem].title}>
          <p>{ingestWords.sendProblem[problem].next}</p>
        </Notice>
      )}
    </div>
  );
}
