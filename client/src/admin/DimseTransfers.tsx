/** Transfers of modalities that need an administrator's decision: send again, or give up with a reason. */
import { useState } from 'preact/hooks';
import type { DimsePeers, DimseTransfer, TransferAnswer } from '#shared/protocol/dimse-peer.ts';
import type { StudyHere } from '#shared/protocol/not-taken.ts';
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import { REASONS } from '#shared/protocol/reasons.ts';
import { formatBytes, formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { hrefOf } from '../kit/routes.ts';
import { kitWords } from '../kit/kit-words.ts';
import { dimseTransferWords as words } from './dimse-transfer-words.ts';
import { GiveUpSheet } from './GiveUpSheet.tsx';
import { titleIn } from './title-in.ts';

type DimseTransfersProps = Pick<DimsePeers, 'transfers'> & {
  readonly onAnswer: (id: string, answer: TransferAnswer) => void;
};

export function DimseTransfers({ transfers: { total, shown }, onAnswer }: DimseTransfersProps) {
  if (total === 0) return null;
  return (
    <section aria-label={words.title}>
      <h2 class="row">
        <Icon name="decide" />
        {words.title}
      </h2>
      <p class="quiet">{words.what}</p>
      <ul class="plain">
        {shown.map((transfer) => (
          <li key={transfer.id} class="hairline admin-row">
            <Transfer transfer={transfer} onAnswer={(answer) => onAnswer(transfer.id, answer)} />
          </li>
        ))}
      </ul>
      {total > shown.length && <p class="small quiet numbers">{words.more(shown.length, total)}</p>}
    </section>
  );
}

type TransferProps = {
  readonly transfer: DimseTransfer;
  readonly onAnswer: (answer: TransferAnswer) => void;
};

function Transfer({ transfer, onAnswer }: TransferProps) {
  const { aeTitle, cameAt, bytes, missing, studies, problem, triesAgain } = transfer;
  const [isGivingUp, setGivingUp] = useState(false);
  const of = words.from(aeTitle, formatMoment(new Date(cameAt), new Date()));
  const again = triesAgain ? words.tryNow : words.sendAgain;
  return (
    <>
      <div class="admin-what">
        <p>
          <span class="strong kept">{of}</span>
          {kitWords.separator}
          <span class="quiet numbers">{formatBytes(bytes)}</span>
        </p>
        {problem !== null && <p class="small strong">{titleIn(ALL_PROBLEMS, problem)}</p>}
        {missing.map(({ reason, instances }) => (
          <p key={reason} class="small strong numbers">
            {words.missing(instances, titleIn(REASONS, reason))}
          </p>
        ))}
        {studies.map((study) => (
          <StudyLink key={study.studyInstanceUID} study={study} />
        ))}
        {triesAgain && <p class="small quiet">{words.triesAgain}</p>}
      </div>
      <div class="row">
        <button
          type="button"
          class="button"
          aria-label={words.of(again, of)}
          onClick={() => onAnswer({ answer: 'send-again' })}
        >
          {again}
        </button>
        <button
          type="button"
          class="button"
          aria-haspopup="dialog"
          aria-label={words.of(words.giveUp, of)}
          onClick={() => setGivingUp(true)}
        >
          {words.giveUp}
        </button>
      </div>
      {isGivingUp && (
        <GiveUpSheet
          about={of}
          words={words.sheet}
          onClose={() => setGivingUp(false)}
          onGiven={(because) => onAnswer({ answer: 'give-up', because })}
        />
      )}
    </>
  );
}

function StudyLink({ study: { studyInstanceUID: uid, uploadId } }: { readonly study: StudyHere }) {
  return (
    <div>
      <a
        class="button button-bare"
        href={hrefOf({ page: 'sent', id: uploadId })}
        aria-label={words.of(words.study, uid)}
      >
        {words.study}
      </a>
      <p class="code kept small quiet">{uid}</p>
    </div>
  );
}
