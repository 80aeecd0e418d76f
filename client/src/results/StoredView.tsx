/**
 * One instance of a result as stored in the PACS: report, segmentation or picture, read back when the page is
 * opened, with its proof.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Thumbnail } from '#shared/pixels/thumbnail.ts';
import type { Result, ResultInstance } from '#shared/protocol/inference.ts';
import { CodeLine } from '../kit/CodeLine.tsx';
import { useApi } from '../net/net-context.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { identitySaid, nameSaid } from '../kit/identities.ts';
import { useLate } from '../kit/use-late.ts';
import { Notice } from '../kit/Notice.tsx';
import { hrefOf } from '../kit/routes.ts';
import { kitWords } from '../kit/kit-words.ts';
import { Picture } from '../pipeline/ingest/ThumbnailPicture.tsx';
import { Fact } from './FindingParts.tsx';
import { momentSaid } from './stored-moment.ts';
import { hrefOfInstance, inReadingOrder, placeOf, replacementOf, titleOfReport } from './stored-places.ts';
import { readInWorker } from './stored-reader.ts';
import { storedWords } from './stored-words.ts';
import { createStoredStore, type Reading, type StoredStore } from './stored.store.ts';
import type { LookStore } from './look.store.ts';
import { NotForDiagnosis, TroubleNotice } from './Parts.tsx';
import type { StoredHead } from './read-stored.ts';
import { ReportContent } from './ReportContent.tsx';
import { resultWords } from './result-words.ts';
import type { ResultStore } from './result.store.ts';
import { useResult } from './ResultView.tsx';
import { SLOW_MS } from './ResultPicture.tsx';
import { SegmentationPicture } from './SegmentationPicture.tsx';

export type StoredViewProps = { readonly id: string; readonly place: string; readonly look: LookStore };

export function StoredView({ id, place, look }: StoredViewProps) {
  const store = useResult(id, () => undefined);
  const shown = store.shown.value;
  const late = useLate(shown.kind === 'loading');
  const instances = shown.kind === 'ready' ? inReadingOrder(shown.result.instances) : [];
  const instance = instances.find((one) => placeOf(one) === place);
  const isShown = shown.kind !== 'loading';
  useEffect(
    () =>
      void (
        isShown &&
        document.activeElement === document.body &&
        document.querySelector<HTMLElement>('#content h1')?.focus()
      ),
    [isShown],
  );
  return (
    <main id="content" class="page result" aria-busy={shown.kind === 'loading'}>
      <p class="study-back result-back">
        <a class="button button-bare" href={hrefOf({ page: 'results', at: 'results', id, beside: '' })}>
          <span class="flipped">
            <Icon name="chevron" size={16} turns />
          </span>
          {storedWords.back}
        </a>
      </p>
      <div class="result-head">
        <h1 tabIndex={-1}>
          {shown.kind === 'ready' && instance ? titleOfReport(shown.result, instance) : storedWords.tabs}
        </h1>
        {instance && <p class="quiet">{storedWords.what[instance.kind]}</p>}
        <NotForDiagnosis />
      </div>
      {shown.kind === 'failed' && (
        <TroubleNotice trouble={shown.trouble}>
          <button type="button" class="button" onClick={() => void store.load()}>
            {resultWords.trouble.again}
          </button>
        </TroubleNotice>
      )}
      {shown.kind === 'loading' && late && <p class="quiet">{resultWords.one.loading}</p>}
      {shown.kind === 'ready' && instances.length > 1 && (
        <Tabs result={shown.result} instances={instances} at={instance} />
      )}
      {shown.kind === 'ready' && instance && <Replaced result={shown.result} instance={instance} />}
      {shown.kind === 'ready' && instance && (
        <StoredInstance
          key={instance.sopInstanceUID}
          result={shown.result}
          instance={instance}
          store={store}
          look={look}
        />
      )}
      {shown.kind === 'ready' && !instance && <p class="quiet">{storedWords.nothing}</p>}
    </main>
  );
}

/** An older report stays in the PACS, and could be taken for the one that counts. */
function Replaced({ result, instance }: { readonly result: Result; readonly instance: ResultInstance }) {
  const by = replacementOf(result.instances, instance);
  if (by === null) return null;
  return (
    <Notice kind="wait">
      <p>
        {storedWords.replacedBy} <a href={hrefOfInstance(result.id, by)}>{titleOfReport(result, by)}</a>
      </p>
    </Notice>
  );
}

function Tabs({
  result,
  instances,
  at,
}: {
  readonly result: Result;
  readonly instances: readonly ResultInstance[];
  readonly at: ResultInstance | undefined;
}) {
  return (
    <nav class="stored-tabs" aria-label={storedWords.tabs}>
      {instances.map((one) => (
        <a
          key={one.sopInstanceUID}
          class="stored-tab"
          href={hrefOfInstance(result.id, one)}
          aria-current={one === at ? 'page' : undefined}
        >
          {titleOfReport(result, one)}
        </a>
      ))}
    </nav>
  );
}

type StoredInstanceProps = {
  readonly result: Result;
  readonly instance: ResultInstance;
  readonly store: ResultStore;
  readonly look: LookStore;
};

function StoredInstance({ result, instance, store, look }: StoredInstanceProps) {
  const stored = useStored(result.id, instance);
  const reading = stored.reading.value;
  // Its state and receipt may also have changed.
  const again = () => void store.load().then(stored.read);
  if (reading.kind === 'reading') return <StoredWait />;
  const proof = <Proof result={result} instance={instance} reading={reading} onAgain={again} />;
  if (reading.kind === 'failed') {
    return (
      <>
        <TroubleNotice trouble={reading.trouble}>
          <button type="button" class="button" onClick={again}>
            {storedWords.again}
          </button>
        </TroubleNotice>
        {proof}
      </>
    );
  }
  const { content, head } = reading.stored;
  return (
    <div class={content.kind === 'report' ? 'stored-body stored-read' : 'stored-body'}>
      {content.kind === 'report' && <ReportContent report={content.report} head={head} result={result} />}
      {content.kind === 'segmentation' && (
        <SegmentationPicture segmentation={content.segmentation} store={store} look={look} />
      )}
      {content.kind === 'picture' && <Capture picture={content.picture} />}
      <div class="result-said">
        {proof}
        <Head head={head} />
      </div>
    </div>
  );
}

/** The store of one instance, for as long as it is shown. */
function useStored(resultId: string, instance: ResultInstance): StoredStore {
  const api = useApi();
  const latest = useRef(instance);
  latest.current = instance;
  const [stored] = useState(() =>
    createStoredStore({ api, read: readInWorker, now: Date.now, resultId, instance: () => latest.current }),
  );
  useEffect(() => {
    void stored.read();
    return stored.close;
  }, [stored]);
  return stored;
}

function StoredWait() {
  const late = useLate(true);
  const slow = useLate(true, SLOW_MS);
  return (
    <p class="quiet stored-wait" role="status">
      {slow ? storedWords.slow : late && storedWords.reading}
    </p>
  );
}

/** A Secondary Capture as it is stored. */
function Capture({ picture }: { readonly picture: Thumbnail }) {
  return (
    <div class="result-picture">
      <div
        class="picture-box"
        role="img"
        aria-label={storedWords.capture}
        style={{ aspectRatio: `${picture.width} / ${picture.height}` }}
      >
        <Picture thumbnail={picture} />
      </div>
    </div>
  );
}

type ProofProps = {
  readonly result: Result;
  readonly instance: ResultInstance;
  readonly reading: Exclude<Reading, { kind: 'reading' }>;
  readonly onAgain: () => void;
};

/** The proof that it is stored: the reading itself, its UID, and the receipt. */
function Proof({ result, instance: { sopInstanceUID, receipt }, reading, onAgain }: ProofProps) {
  const queue = useQueue();
  const said = storedWords.proof;
  const study = queue.studies.value.find(
    ({ studyInstanceUID }) =>
      studyInstanceUID !== null && studyInstanceUID === result.finding.input.studyInstanceUID,
  );
  return (
    <section class="result-part stored-proof" aria-label={said.label}>
      {reading.kind === 'read' && <JustRead reading={reading} />}
      <dl class="facts small">
        <Fact name={said.sopInstanceUID}>
          <CodeLine code={sopInstanceUID} />
        </Fact>
        {receipt && (
          <Fact name={said.receipt}>
            <CodeLine code={receipt.id} />
            <span class="stored-under quiet">
              {said.issued(formatMoment(new Date(receipt.issuedAt), new Date()))}
            </span>
          </Fact>
        )}
      </dl>
      <p class="row">
        {study && (
          <a class="button button-bare" href={hrefOf({ page: 'study', id: study.id })}>
            {said.toStudy}
          </a>
        )}
        {reading.kind === 'read' && (
          <button type="button" class="button button-bare" onClick={onAgain}>
            <Icon name="again" size={20} />
            {storedWords.again}
          </button>
        )}
      </p>
    </section>
  );
}

/** When the PACS gave it back, how large it is, and whether it is what the receipt lists. */
function JustRead({ reading }: { readonly reading: Extract<Reading, { kind: 'read' }> }) {
  const said = storedWords.proof;
  return (
    <>
      <div class="stored-now">
        <Icon name="pacs" size={24} />
        <div role="status">
          <p class="strong">{said.justNow(formatMoment(reading.at, reading.at), reading.bytes)}</p>
          {reading.isAsListed !== false && (
            <p class="small quiet">{reading.isAsListed ? said.asListed : said.noReceipt}</p>
          )}
        </div>
      </div>
      {reading.isAsListed === false && (
        <Notice kind="stop">
          <p>{said.changed}</p>
        </Notice>
      )}
    </>
  );
}

/** The patient, as the instance names them: pseudonyms for a de-identified study. */
function Head({ head }: { readonly head: StoredHead }) {
  const said = storedWords.head;
  return (
    <section class="result-part" aria-label={said.label}>
      <h2>{said.label}</h2>
      <dl class="facts small">
        <Fact name={head.isDeidentified ? said.pseudonym : said.patient}>
          <bdi>{nameSaid(head.patientName) ?? said.nothing}</bdi>
        </Fact>
        <Fact name={said.patientId}>
          <bdi>{identitySaid(head.patientId) || said.nothing}</bdi>
        </Fact>
        <Fact name={said.studyDate}>{momentSaid(head.studyDate, '', head) ?? said.nothing}</Fact>
        <Fact name={said.series}>
          <bdi>{identitySaid(head.seriesDescription) || said.nothing}</bdi>
        </Fact>
        <Fact name={said.made}>{momentSaid(head.contentDate, head.contentTime, head) ?? said.nothing}</Fact>
        <Fact name={said.by}>
          <bdi>{head.equipment.join(kitWords.separator) || said.nothing}</bdi>
        </Fact>
      </dl>
    </section>
  );
}
