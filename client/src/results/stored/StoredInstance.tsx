/**
 * An instance that the gateway made, read back from the PACS when it is opened. It shows the proof that the instance is
 * there: its UID, its receipt, and whether its bytes match the receipt.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ResultInstance } from '#shared/protocol/inference.ts';
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { CodeLine } from '../../kit/CodeLine.tsx';
import { formatMoment } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { identitySaid, nameSaid } from '../../kit/identities.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { Notice } from '../../kit/Notice.tsx';
import { hrefOf } from '../../kit/routes.ts';
import { useLate } from '../../kit/use-late.ts';
import { useApi } from '../../net/net-context.ts';
import { useQueue } from '../../pipeline/queue/queue-context.ts';
import { Fact } from '../result/FindingParts.tsx';
import type { StoredHead } from './read-stored.ts';
import { SLOW_MS } from '../result/ResultPicture.tsx';
import { momentSaid } from './stored-moment.ts';
import { readInWorker } from './stored-reader.ts';
import { storedWords } from '../parts/stored-words.ts';
import { createStoredStore, type Reading, type StoredStore } from './stored.store.ts';

type Read = Extract<Reading, { kind: 'read' }>['stored'];

type StoredInstanceProps = {
  /** The path from which the gateway reads the instance back. */
  readonly path: string;
  readonly instance: ResultInstance;
  readonly studyInstanceUID: string | undefined;
  /** Asks again for the result: the instance's state and receipt may also have changed. */
  readonly onAgain: () => Promise<void>;
  readonly children: (stored: Read) => ComponentChildren;
};

export function StoredInstance({ path, instance, studyInstanceUID, onAgain, children }: StoredInstanceProps) {
  const stored = useStored(path, instance);
  const reading = stored.reading.value;
  const again = () => void onAgain().then(stored.read);
  if (reading.kind === 'reading') return <StoredWait />;
  const proof = <Proof {...{ instance, studyInstanceUID, reading }} onAgain={again} />;
  if (reading.kind === 'failed') {
    return (
      <>
        <TroubleAlert trouble={reading.trouble}>
          <p>
            <button type="button" class="button" onClick={again}>
              {storedWords.again}
            </button>
          </p>
        </TroubleAlert>
        {proof}
      </>
    );
  }
  const { content, head } = reading.stored;
  return (
    <div class={content.kind === 'report' ? 'stored-body stored-read' : 'stored-body'}>
      {children(reading.stored)}
      <div class="result-said">
        {proof}
        <Head head={head} />
      </div>
    </div>
  );
}

/** The store of one instance, for as long as it is shown. */
function useStored(path: string, instance: ResultInstance): StoredStore {
  const api = useApi();
  const latest = useRef(instance);
  latest.current = instance;
  const [stored] = useState(() =>
    createStoredStore({ api, read: readInWorker, now: Date.now, path, instance: () => latest.current }),
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

type ProofProps = Pick<StoredInstanceProps, 'instance' | 'studyInstanceUID'> & {
  readonly reading: Exclude<Reading, { kind: 'reading' }>;
  readonly onAgain: () => void;
};

/** The proof that the instance is stored: the read-back itself, its UID, and the receipt. */
function Proof({ instance: { sopInstanceUID, receipt }, studyInstanceUID, reading, onAgain }: ProofProps) {
  const queue = useQueue();
  const said = storedWords.proof;
  const study = queue.studies.value.find(
    (one) => one.studyInstanceUID !== null && one.studyInstanceUID === studyInstanceUID,
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

/** When the PACS returned the instance, its size, and whether it matches the receipt. */
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

/** The patient as the instance names them. For a de-identified study these are pseudonyms. */
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
