/**
 * The upload page: choose, see what was found while reading goes on, press Send. The whole page is the drop zone. Everything shown here
 * lies in this page's memory and nothing has left.
 */
import { useDevice } from '../../app/device-context.ts';
import { formatBytes } from '../../app/format.ts';
import { Icon } from '../../app/Icon.tsx';
import { VirtualList } from '../../app/VirtualList.tsx';
import { words } from '../../app/words.ts';
import { ChooseButtons } from './ChooseButtons.tsx';
import { useDropZone } from './drop-zone.ts';
import { EmptyUpload } from './EmptyUpload.tsx';
import type { IngestProgress } from './found.ts';
import { RejectedFiles } from './RejectedFiles.tsx';
import { QueueingBar, SendBar } from './SendBar.tsx';
import { StudyCard } from './StudyCard.tsx';

/** Height of a card that was not drawn yet, in px. */
const CARD = 196;

export function UploadView() {
  const { ingest } = useDevice();
  const hovering = useDropZone((items) => void ingest.addDataTransfer(items));
  const phase = ingest.phase.value;
  const studies = ingest.studies.value;
  const nothingYet = phase === 'idle' && studies.length === 0 && ingest.rejected.value.length === 0 && ingest.skipped.value === 0;
  return (
    <>
      <main id="content" class="page upload">
        <h1 tabIndex={-1} class={nothingYet ? 'unseen' : undefined}>{studies.length > 0 ? words.upload.found(studies.length) : words.upload.title}</h1>
        {nothingYet ? <EmptyUpload /> : <Selection />}
      </main>
      {!nothingYet && (phase === 'queueing' ? <QueueingBar /> : studies.length > 0 && <SendBar />)}
      {hovering.value && <div class="drop-veil" aria-hidden="true"><p class="large">{words.upload.dropNow}</p></div>}
    </>
  );
}

function Selection() {
  const { ingest } = useDevice();
  const phase = ingest.phase.value;
  const studies = ingest.studies.value;
  const patients = new Set(studies.map((study) => `${study.patientId}\n${study.patientName}`)).size;
  const found = phase === 'found' || phase === 'idle';
  return (
    <>
      {phase === 'reading' ? <Reading progress={ingest.progress.value} /> : <Tools />}
      {found && <SendProblem />}
      {patients > 1 && <p class="notice notice-wait"><Icon name="caution" /><span class="notice-body">{words.upload.twoPatients(patients)}</span></p>}
      {found && studies.length === 0 && (
        <div class="notice"><Icon name="note" /><div class="notice-body"><p class="strong">{words.upload.nothing}</p><p>{words.upload.nothingNext}</p></div></div>
      )}
      {studies.length > 0 && (
        <VirtualList items={studies} keyOf={(study) => study.studyInstanceUID} estimate={CARD} label={words.upload.found(studies.length)} class="cards" render={(study) => <StudyCard study={study} />} />
      )}
      <RejectedFiles files={ingest.rejected.value} title={words.upload.cannotGo(ingest.rejected.value.length)} what={words.upload.cannotGoWhat} />
      <RejectedFiles files={ingest.skippedFiles.value} title={words.upload.skipped(ingest.skipped.value)} what={words.upload.skippedWhat} />
    </>
  );
}

function Tools() {
  const { ingest } = useDevice();
  const { filesRead, bytesRead } = ingest.progress.value;
  return (
    <div class="upload-tools">
      <p class="quiet numbers">{words.upload.readAll(filesRead)}{words.separator}{formatBytes(bytesRead)}</p>
      {ingest.phase.value !== 'queueing' && (
        <div class="row">
          <ChooseButtons main={false} />
          <button type="button" class="button button-bare" onClick={() => ingest.clear()}>{words.upload.clear}</button>
        </div>
      )}
    </div>
  );
}

function Reading({ progress }: { readonly progress: IngestProgress }) {
  const { ingest } = useDevice();
  const share = progress.listing || progress.filesFound === 0 ? null : progress.filesRead / progress.filesFound;
  const said = progress.filesRead === 0 ? words.upload.looking(progress.filesFound) : words.upload.reading(progress.filesRead, progress.filesFound, progress.listing);
  return (
    <div class="reading">
      <div class="reading-body">
        <p class="numbers">{said}{progress.bytesRead > 0 && <span class="quiet">{words.separator}{formatBytes(progress.bytesRead)}</span>}</p>
        <div class={share === null ? 'bar bar-open' : 'bar'} role="progressbar" aria-label={words.upload.readingLabel} aria-valuemin={0} aria-valuemax={100} aria-valuenow={share === null ? undefined : Math.floor(share * 100)}>
          <div class="bar-fill" style={{ inlineSize: `${(share ?? 0.3) * 100}%` }} />
        </div>
      </div>
      <button type="button" class="button" onClick={() => ingest.cancel()}>{words.upload.stopReading}</button>
    </div>
  );
}

/** Why Send did not work: what happened, what it means, what to do. */
function SendProblem() {
  const { ingest } = useDevice();
  const problem = ingest.problem.value;
  return (
    <div role="alert">
      {problem && (
        <div class="notice notice-stop">
          <Icon name="decide" />
          <div class="notice-body">
            <p class="strong">{words.upload.sendProblem[problem].title}</p>
            <p>{words.upload.sendProblem[problem].next}</p>
          </div>
        </div>
      )}
    </div>
  );
}
