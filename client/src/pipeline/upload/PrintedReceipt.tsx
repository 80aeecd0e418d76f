/**
 * The receipt on paper: UIDs, counts, digests and the receipt's QR code, but no name. Rendered only while the page is
 * printed, because ten thousand invisible rows would slow down every other page.
 */
import { render, type VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { CodeSquares } from './draw-code.ts';
import { REASONS, type ReasonCode } from '#shared/protocol/reasons.ts';
import type { Receipt, ReceiptInstance } from '#shared/protocol/receipt.ts';
import { notStoredLines } from '#shared/protocol/not-stored-words.ts';
import { verifyCommand } from '#shared/protocol/receipt-sheet.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { trackWords } from '../queue/track-words.ts';
import { createPaper, type Paper } from './print-paper.ts';
import { uploadWords } from './upload-words.ts';
import { otherDigests, pacsReasonLines, receiptFacts } from './kept-receipt.ts';

type PrintedReceiptProps = {
  readonly receipt: Receipt;
  /** Sentences about instances and files of the study that the gateway never received. */
  readonly notSent: readonly string[];
  /** The receipt's QR code; null: there is none, or it could not be drawn. */
  readonly code: CodeSquares | null;
};

export function PrintedReceipt({ receipt, notSent, code }: PrintedReceiptProps) {
  const place = useRef<HTMLDivElement>(null);
  const paper = useRef<Paper<VNode> | null>(null);
  useEffect(() => {
    const target = place.current!;
    paper.current = createPaper<VNode>(window, (sheet) => render(sheet, target));
    return () => paper.current?.close();
  }, []);
  useEffect(
    () => paper.current?.put(<Sheet receipt={receipt} notSent={notSent} code={code} />),
    [receipt, notSent.join(), code],
  );
  return <div ref={place} class="printed" />;
}

/** A reason in words, with its code in small type below. */
function Why({ code }: { readonly code: string }) {
  return (
    <>
      {code in REASONS && <>. {REASONS[code as ReasonCode].title}</>}
      <br />
      <span class="code quiet">{code}</span>
    </>
  );
}

type OutcomeProps = ReceiptInstance & {
  /** The destinations that store a different digest. */
  readonly others: readonly (readonly [destination: string, digest: string])[];
};

function Outcome({ sopInstanceUID, state, reason, digest, others }: OutcomeProps) {
  return (
    <tr>
      <td class="code">{sopInstanceUID}</td>
      <td>
        {uploadWords.states[state]}
        {reason !== undefined && <Why code={reason} />}
      </td>
      <td class="code">
        {digest}
        {others.map(([destination, stored]) => (
          <div key={destination}>
            {destination}: {stored}
          </div>
        ))}
      </td>
    </tr>
  );
}

function Code({ side, path }: CodeSquares) {
  return (
    <svg class="printed-code" viewBox={`0 0 ${side} ${side}`} role="img">
      <title>{uploadWords.details.code}</title>
      <path d={path} />
    </svg>
  );
}

function Sheet({ receipt, notSent, code }: PrintedReceiptProps) {
  const { details } = uploadWords;
  const said = [...notStoredLines(receipt.instances), ...notSent, ...pacsReasonLines(receipt)];
  return (
    <>
      {code !== null && <Code {...code} />}
      <h1 class="large">
        {kitWords.product}: {uploadWords.receipt}
      </h1>
      <p>{uploadWords.receiptWhat}</p>
      {code !== null && <p>{uploadWords.codeWhat}</p>}
      <p>{uploadWords.verifyWhat}</p>
      <p class="code">{verifyCommand(receipt.iss)}</p>
      {said.map((line) => (
        <p key={line} class="strong">
          {line}
        </p>
      ))}
      <dl>
        {receiptFacts(receipt, trackWords.progress).map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd class="code">{value}</dd>
          </div>
        ))}
      </dl>
      <table>
        <thead>
          <tr>
            <th scope="col">{details.sopInstanceUID}</th>
            <th scope="col">{details.state}</th>
            <th scope="col">SHA-256</th>
          </tr>
        </thead>
        <tbody>
          {receipt.instances.map((instance, at) => (
            <Outcome
              key={`${instance.sopInstanceUID} ${instance.digest}`}
              {...instance}
              others={otherDigests(receipt, at)}
            />
          ))}
        </tbody>
      </table>
    </>
  );
}
