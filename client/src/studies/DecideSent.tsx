/**
 * Part of the page of a study that is not on this device: the instances that wait for a decision, and the decisions.
 */
import { useEffect, useState } from 'preact/hooks';
import { uploadStatusSchema } from '#shared/protocol/api.ts';
import { notStoredSaid } from '#shared/protocol/not-stored-words.ts';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { Icon } from '../kit/Icon.tsx';
import { Notice } from '../kit/Notice.tsx';
import { hrefOf } from '../kit/routes.ts';
import { ReasonDetails } from '../kit/ReasonDetails.tsx';
import { sentencesAt, sentencesOfReason } from '../kit/reason-sentences.ts';
import { Confirm } from '../kit/Sheet.tsx';
import { useApi, useSession } from '../net/net-context.ts';
import { refusalSentence } from '../net/refusal-sentence.ts';
import { StudyPart } from '../pipeline/queue/StudyPart.tsx';
import { uploadWords } from '../pipeline/upload/upload-words.ts';
import {
  canOfferAgain,
  mayDecide,
  undecidedParts,
  undecidedUploads,
  type UndecidedPart,
} from './decide-sent.ts';
import { decideSentWords as words } from './decide-sent-words.ts';

type SentUpload = SentStudy['uploads'][number];
export type DecideSentProps = {
  readonly sent: Pick<SentStudy, 'standing' | 'uploads'>;
  /** Called after each decision. */
  readonly onDecided: () => void;
};

export function DecideSent({ sent, onDecided }: DecideSentProps) {
  const user = useSession().user.value;
  const { withoutDevice, ofDevices } = undecidedUploads(sent);
  if (user === null) return null;
  const mine = (uploads: readonly SentUpload[]) => uploads.filter((upload) => mayDecide(upload, user));
  const own = mine(withoutDevice);
  const lost = mine(ofDevices);
  return (
    <>
      {withoutDevice.length > 0 && (
        <>
          <p class="small">{own.length > 0 ? words.noDevice : `${words.noDevice} ${words.othersDecide}`}</p>
          <p>
            <a class="button" href={hrefOf({ page: 'needs' })}>
              {words.needs}
            </a>
          </p>
          {own.map((upload) => (
            <OneUpload key={upload.uploadId} upload={upload} onDecided={onDecided} />
          ))}
        </>
      )}
      {lost.length > 0 && (
        <StudyPart title={words.lost}>
          {() => (
            <div class="stack-tight">
              <p class="small">{words.lostMeans}</p>
              {lost.map((upload) => (
                <OneUpload key={upload.uploadId} upload={upload} onDecided={onDecided} />
              ))}
            </div>
          )}
        </StudyPart>
      )}
    </>
  );
}

type OneUploadProps = { readonly upload: SentUpload; readonly onDecided: () => void };

function OneUpload({ upload, onDecided }: OneUploadProps) {
  const api = useApi();
  const { uploadId, counts } = upload;
  const [parts, setParts] = useState<readonly UndecidedPart[] | null>(null);
  const [hasFailed, setFailed] = useState(false);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    const gone = new AbortController();
    setFailed(false);
    api.json(`/upload/${uploadId}/status?instances=1`, uploadStatusSchema, { signal: gone.signal }).then(
      ({ instances = [] }) => setParts(undecidedParts(instances)),
      () => !gone.signal.aborted && setFailed(true),
    );
    return () => gone.abort();
  }, [api, uploadId, asked, counts.refused, counts.quarantined]);
  if (hasFailed)
    return (
      <div role="alert" class="stack-tight">
        <p class="small">{words.failed}</p>
        <p>
          <button type="button" class="button" onClick={() => setAsked(asked + 1)}>
            {words.again}
          </button>
        </p>
      </div>
    );
  return (
    <>
      {parts?.length === 0 && <p class="small">{words.noneHere}</p>}
      {parts?.map((part) => (
        <OnePart
          key={`${part.state} ${part.reason} ${part.stands} ${part.destination}`}
          part={part}
          total={counts.promised}
          uploadId={uploadId}
          ofDevice={upload.device !== null}
          onDecided={() => {
            setAsked(asked + 1);
            onDecided();
          }}
        />
      ))}
    </>
  );
}

function useDecision({ part: { instances }, uploadId, onDecided }: Omit<OnePartProps, 'total' | 'ofDevice'>) {
  const api = useApi();
  const [isBusy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const send = async (decision: 'leave-out' | 'retry') => {
    setBusy(true);
    setFailed(null);
    try {
      const body = { decision, instances };
      await api.json(`/upload/${uploadId}/decisions`, uploadStatusSchema, { method: 'POST', body });
      onDecided();
    } catch (error) {
      setFailed(refusalSentence(error, uploadWords.decide.notReached));
    }
    setBusy(false);
  };
  return { send, isBusy, failed };
}

function titleOf(
  { reason, stands, destination, instances: { length } }: UndecidedPart,
  total: number,
): string {
  if (stands) return `${notStoredSaid(length, reason)}.`;
  const { sentence, sentenceAt } = uploadWords.decide;
  return destination === null ? sentence(length, total) : sentenceAt(length, total, destination);
}

function sentencesOf({ reason, destination }: UndecidedPart): readonly string[] {
  const { first, unknownReason, unknownNext } = uploadWords.decide;
  if (destination !== null) {
    const { title, next } = sentencesAt(reason, destination);
    return [title, first, next];
  }
  const { title, next } = sentencesOfReason(reason) ?? { title: unknownReason, next: unknownNext };
  return [title, words.means, next];
}

type OnePartProps = {
  readonly part: UndecidedPart;
  readonly total: number;
  readonly uploadId: string;
  readonly ofDevice: boolean;
  readonly onDecided: () => void;
};

function OnePart({ part, total, uploadId, ofDevice, onDecided }: OnePartProps) {
  const { reason, destination } = part;
  const [isAsking, setAsking] = useState(false);
  const { send, isBusy, failed } = useDecision({ part, uploadId, onDecided });
  const { decide } = uploadWords;
  const count = part.instances.length;
  const title = titleOf(part, total);
  const offers = canOfferAgain(part);
  return (
    <section aria-label={title}>
      <Notice kind="stop" title={title}>
        <p>{[...sentencesOf(part), !offers && words.sendAgain].filter(Boolean).join(' ')}</p>
        <div class="notice-actions row">
          {offers && (
            <button type="button" class="button" disabled={isBusy} onClick={() => void send('retry')}>
              <Icon name="again" size={20} />
              {reason === 'conflicting-instance' && destination === null
                ? decide.askPacs
                : decide.retry(count)}
            </button>
          )}
          <button
            type="button"
            class="button button-stop"
            disabled={isBusy}
            aria-haspopup="dialog"
            onClick={() => setAsking(true)}
          >
            {decide.leaveOut(count)}
          </button>
        </div>
        <div role="alert">{failed && <p class="small">{failed}</p>}</div>
        <ReasonDetails code={reason} />
      </Notice>
      {isAsking && (
        <Confirm
          title={decide.confirmTitle(count)}
          what={words.confirmWhat(count, destination, ofDevice)}
          yes={decide.leaveOut(count)}
          no={decide.confirmNo}
          destructive
          onYes={() => void send('leave-out')}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  );
}
