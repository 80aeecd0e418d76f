/**
 * The receipt of a study as one sheet of paper, made by the gateway: a PDF to open, print and save, with its signed
 * QR code. Without the gateway the signed file that this device keeps can be saved instead.
 */
import { useEffect, useState } from 'preact/hooks';
import { CodeLine } from '../../kit/CodeLine.tsx';
import { Icon } from '../../kit/Icon.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { Notice } from '../../kit/Notice.tsx';
import { Sheet } from '../../kit/Sheet.tsx';
import { ApiProblem, isPage, problemOf, Unreachable, type ApiClient } from '../../net/api-client.ts';
import { useApi } from '../../net/net-context.ts';
import { useQueue } from '../queue/queue-context.ts';
import type { KeptReceipt } from '../queue/queued-study.ts';
import { receiptFileName, saveReceipt } from './kept-receipt.ts';
import { notSentOf } from './not-sent.ts';
import { uploadWords } from './upload-words.ts';

const words = uploadWords.sheet;

export type ReceiptSheetProps = {
  readonly studyInstanceUID: string;
  /** The device's id for the study; null: it is not here. */
  readonly id: string | null;
  readonly name: string;
  /** Whether nothing of the study is in the PACS, so that the sheet only records what a person decided. */
  readonly isRecord: boolean;
  readonly onClose: () => void;
};

/** `href`: the address of the PDF, valid while the sheet is open. */
type Loaded =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly href: string }
  | { readonly kind: 'trouble'; readonly title: string; readonly code: string | null };

export function ReceiptSheet({ studyInstanceUID, id, name, isRecord, onClose }: ReceiptSheetProps) {
  const loaded = usePaper(studyInstanceUID);
  const kept = useKept(id);
  const study = useQueue().studies.value.find((each) => each.id === id);
  const notSent = study ? notSentOf(study) : [];
  return (
    <Sheet title={isRecord ? uploadWords.record : words.title} onClose={onClose}>
      <p class="strong kept">
        <bdi>{name}</bdi>
      </p>
      <p class="sheet-text">{isRecord ? uploadWords.recordWhat : words.what}</p>
      {notSent.map((said) => (
        <p key={said} class="sheet-text strong">
          {said}
        </p>
      ))}
      {study?.leftUnread && <p class="sheet-text">{words.notOnIt}</p>}
      <div aria-live="polite">
        {loaded.kind === 'loading' && <p class="quiet">{uploadWords.receiptLoading}</p>}
        {loaded.kind === 'trouble' && (
          <Notice kind="wait" title={loaded.title}>
            {kept !== null && <p>{words.keptHere}</p>}
            {loaded.code && <CodeLine code={loaded.code} />}
          </Notice>
        )}
      </div>
      {kept !== null && (
        <p class="sheet-signed">
          <button type="button" class="button button-bare" onClick={() => saveReceipt(kept)}>
            {words.saveSigned}
          </button>
        </p>
      )}
      <div class="sheet-actions receipt-actions">
        <button type="button" class="button" onClick={onClose}>
          {kitWords.close}
        </button>
        {loaded.kind === 'ready' && (
          <>
            <a class="button" href={loaded.href} download={receiptFileName(studyInstanceUID, 'pdf')}>
              <Icon name="save" size={20} />
              {words.save}
            </a>
            <a class="button button-main" href={loaded.href} target="_blank" rel="noopener">
              <Icon name="print" size={20} />
              {words.open}
            </a>
          </>
        )}
      </div>
    </Sheet>
  );
}

function usePaper(studyInstanceUID: string): Loaded {
  const api = useApi();
  const [loaded, setLoaded] = useState<Loaded>({ kind: 'loading' });
  useEffect(() => {
    const gone = new AbortController();
    let href: string | null = null;
    fetchPaper(api, studyInstanceUID, gone.signal).then(
      (paper) => {
        if (gone.signal.aborted) return;
        href = URL.createObjectURL(paper);
        setLoaded({ kind: 'ready', href });
      },
      (error: unknown) => gone.signal.aborted || setLoaded(troubleOf(error)),
    );
    return () => {
      gone.abort();
      if (href !== null) URL.revokeObjectURL(href);
    };
  }, [api, studyInstanceUID]);
  return loaded;
}

/**
 * Fetches the PDF with the session's authorisation, so that no address alone gives access to it. Throws ApiProblem or
 * Unreachable.
 */
async function fetchPaper(
  api: Pick<ApiClient, 'send'>,
  studyInstanceUID: string,
  signal: AbortSignal,
): Promise<Blob> {
  const path = `/studies/${studyInstanceUID}/receipt.pdf`;
  const response = await api.send(path, { headers: { accept: 'application/pdf' }, signal });
  if (!response.ok) throw await problemOf(response);
  if (isPage(response)) throw new Unreachable('a page instead of the receipt');
  return response.blob();
}

function troubleOf(error: unknown): Loaded {
  if (!(error instanceof ApiProblem)) return { kind: 'trouble', title: words.unreachable, code: null };
  const isEarly = error.code === 'no-receipt-yet' || error.code === 'not-found';
  const code = [error.anyCode, error.correlationId].filter(Boolean).join(' ');
  return isEarly
    ? { kind: 'trouble', title: uploadWords.receiptNotYet, code: null }
    : { kind: 'trouble', title: error.message, code: code || null };
}

/** The receipt that this device checked and keeps. */
function useKept(id: string | null): KeptReceipt | null {
  const queue = useQueue();
  const [kept, setKept] = useState<KeptReceipt | null>(null);
  useEffect(() => {
    if (id === null) return;
    let isGone = false;
    queue.receiptOf(id).then(
      (receipt) => isGone || setKept(receipt),
      () => undefined,
    );
    return () => {
      isGone = true;
    };
  }, [queue, id]);
  return kept;
}
