/**
 * A study that the gateway has finished: how many instances are in the PACS, since when, and how that was proven; the
 * receipt to save or print; and a link to the next study.
 */
import { useEffect, useState } from 'preact/hooks';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { useQueue } from '../queue/queue-context.ts';
import { formatMoment } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { useLate } from '../../kit/use-late.ts';
import { hrefOf } from '../../kit/routes.ts';
import { uploadWords } from './upload-words.ts';
import { OpenCase } from '../../cases/parts/OpenCase.tsx';
import { resultWords } from '../../results/parts/result-words.ts';
import { OpenInViewer } from '../../viewer/OpenInViewer.tsx';
import type { KeptReceipt, QueuedStudy } from '../queue/queued-study.ts';
import { nameOf } from '../queue/study-title.ts';
import { arrivedLines, endOf, headOf, notStoredOf, whenSaid } from './arrived-said.ts';
import { readReceipt } from '../queue/read-receipt.ts';
import type { CodeSquares } from './draw-code.ts';
import { leftOutOf, notSentOf } from './not-sent.ts';
import { PrintedReceipt } from './PrintedReceipt.tsx';
import { ReceiptSheet } from './ReceiptSheet.tsx';

type Loaded = { readonly kept: KeptReceipt; readonly receipt: Receipt };

/** The receipt that this device keeps. */
function useReceipt(study: QueuedStudy): Loaded | 'loading' | 'missing' {
  const queue = useQueue();
  const [loaded, setLoaded] = useState<Loaded | 'loading' | 'missing'>('loading');
  useEffect(() => {
    let gone = false;
    const take = (kept: KeptReceipt | null) =>
      gone || setLoaded(kept ? { kept, receipt: readReceipt(kept.jws) } : 'missing');
    queue
      .receiptOf(study.id)
      .then(take)
      .catch(() => gone || setLoaded('missing'));
    return () => {
      gone = true;
    };
  }, [study.id, study.receiptId]);
  return loaded;
}

/**
 * The QR code of a receipt for the printed page. Its encoder is loaded in advance, because the printer does not wait.
 * Null: the receipt has no code, or the encoder cannot be loaded; the page is then printed without it.
 */
function usePrintedCode(receipt: Receipt | null): CodeSquares | null | 'loading' {
  const [code, setCode] = useState<CodeSquares | null | 'loading'>('loading');
  const text = receipt?.code;
  useEffect(() => {
    if (receipt === null) return;
    if (text === undefined) return setCode(null);
    let isGone = false;
    import('./draw-code.ts').then(
      ({ drawCode }) => isGone || setCode(drawCode(text)),
      () => isGone || setCode(null),
    );
    return () => {
      isGone = true;
    };
  }, [receipt === null, text]);
  return code;
}

export function ArrivedPanel({ study }: { readonly study: QueuedStudy }) {
  const loaded = useReceipt(study);
  const receipt = typeof loaded === 'object' ? loaded.receipt : null;
  const isThere = study.track.inPacs > 0;
  const isRecord = !isThere && study.track.needsYou === 0;
  const [isOpen, setOpen] = useState(false);
  const late = useLate(loaded === 'loading');
  const code = usePrintedCode(receipt);
  return (
    <section class="arrived" aria-label={headOf(study, receipt).title}>
      {typeof loaded === 'object' ? (
        <Proof study={study} loaded={loaded} />
      ) : (
        <p class="quiet">
          {loaded === 'missing' ? uploadWords.receiptNotYet : late && uploadWords.receiptLoading}
        </p>
      )}
      <div class="arrived-actions">
        <a class="button button-main" href={hrefOf({ page: 'upload' })}>
          {uploadWords.sendAnother}
        </a>
        {receipt !== null && (
          <>
            <button type="button" class="button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
              <Icon name="save" size={20} />
              {isRecord ? uploadWords.record : uploadWords.receipt}
            </button>
            {isThere && <PrintButton isDisabled={code === 'loading'} />}
          </>
        )}
        {isThere && <InThePacs study={study} />}
      </div>
      {receipt !== null && (
        <PrintedReceipt
          receipt={receipt}
          notSent={notSentOf(study)}
          code={code === 'loading' ? null : code}
        />
      )}
      {isOpen && study.studyInstanceUID !== null && (
        <ReceiptSheet
          studyInstanceUID={study.studyInstanceUID}
          id={study.id}
          name={nameOf(study)}
          isRecord={isRecord}
          onClose={() => setOpen(false)}
        />
      )}
    </section>
  );
}

function PrintButton({ isDisabled }: { readonly isDisabled: boolean }) {
  return (
    <button type="button" class="button" disabled={isDisabled} onClick={() => window.print()}>
      <Icon name="print" size={20} />
      {uploadWords.print}
    </button>
  );
}

function InThePacs({ study: { id, studyInstanceUID } }: { readonly study: QueuedStudy }) {
  return (
    <>
      <a class="button" href={hrefOf({ page: 'results', at: 'infer', id, beside: '' })}>
        {resultWords.look}
      </a>
      {studyInstanceUID !== null && (
        <>
          <OpenCase studyInstanceUID={studyInstanceUID} />
          <OpenInViewer studyInstanceUID={studyInstanceUID} />
        </>
      )}
    </>
  );
}

function Proof({ study, loaded: { receipt } }: { readonly study: QueuedStudy; readonly loaded: Loaded }) {
  const when = formatMoment(endOf(study, receipt), new Date());
  const { icon, title } = headOf(study, receipt);
  const missing = [...notStoredOf(study, receipt), ...leftOutOf(study)];
  return (
    <>
      <div class="arrived-head" data-look={icon}>
        <Icon name={icon} size={32} />
        <div>
          <h2 class="large">{title}</h2>
          <p class="numbers">{whenSaid(study, receipt, when)}</p>
        </div>
      </div>
      <ul class="arrived-proof small">
        {arrivedLines(study, receipt).map((line) => (
          <li key={line} data-missing={missing.includes(line)}>
            {line}
          </li>
        ))}
      </ul>
    </>
  );
}
