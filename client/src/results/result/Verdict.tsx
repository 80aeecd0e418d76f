/**
 * The bar at the bottom of a radiologist's window, within reach of the thumb: agree or correct, in one action, which
 * can be changed at any time. While the image is not on the screen it asks nothing, and says why. Everyone else reads
 * the verdict beside the picture.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import type { Result, Verification } from '#shared/protocol/inference.ts';
import { useSession } from '../../net/net-context.ts';
import { formatMoment } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { typedSaid } from '../../kit/identities.ts';
import { hrefOf } from '../../kit/routes.ts';
import { isOverruled } from '../../outbox/outbox.ts';
import { Confirm } from '../../kit/Sheet.tsx';
import { useSettling } from '../../kit/use-settling.ts';
import {
  className,
  correctionsOf,
  isUnread,
  judgeOf,
  mayAgree,
  questionOf,
  sideOf,
} from '../parts/describe-result.ts';
import type { VerifyRequest } from '../parts/finding-kinds.ts';
import { resultWords } from '../parts/result-words.ts';
import { mayVerify, type ResultStore, type UnsentVerdict, type Verdict } from '../parts/result.store.ts';

const said = resultWords.verdict;

export function useMayVerify(): boolean {
  return mayVerify(useSession().user.value);
}

type VerdictBarProps = {
  readonly store: ResultStore;
  readonly result: Result;
  /** The person is changing an existing verdict. */
  readonly changing: boolean;
  readonly onChanging: (changing: boolean) => void;
  readonly onDecide: (request: VerifyRequest) => void;
  readonly onCorrect: () => void;
};

/**
 * The element to focus: the button that keeps an existing verdict, otherwise the first button, otherwise the bar
 * itself.
 */
const firstOf = (bar: HTMLElement | null): HTMLElement | null =>
  bar?.querySelector<HTMLElement>('.verdict-keep') ?? bar?.querySelector<HTMLElement>('.button') ?? bar;

export function VerdictBar({ store, result, changing, onChanging, onDecide, onCorrect }: VerdictBarProps) {
  const bar = useRef<HTMLElement>(null);
  const verdict = store.verdict.value;
  const isAsked = changing || (result.verification === null && verdict.kind !== 'unsent');
  // The pressed button is gone, so the focus moves to its replacement before keyboard users press the next key.
  const isFirst = useRef(true);
  useLayoutEffect(() => {
    if (!isFirst.current && document.activeElement === document.body)
      firstOf(bar.current)?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [verdict.kind, changing]);
  return (
    <section ref={bar} class="send-bar" tabIndex={-1} aria-label={said.label}>
      <div class="send-inside verdict">
        <div class="verdict-said">
          <div role="status">
            <Sentence verdict={verdict} result={result} isAsked={isAsked} store={store} />
          </div>
        </div>
        <Buttons
          store={store}
          verdict={verdict}
          isAsked={isAsked}
          result={result}
          onCorrect={onCorrect}
          onChange={() => onChanging(true)}
          onDecide={onDecide}
          onKeep={changing ? () => onChanging(false) : null}
        />
      </div>
    </section>
  );
}

/** The image was sent as a file, and the gateway keeps no files. */
const isGone = ({ finding }: Result): boolean => finding.input.studyInstanceUID === undefined;

type SentenceProps = {
  readonly verdict: Verdict;
  readonly result: Result;
  readonly isAsked: boolean;
  readonly store: ResultStore;
};

function Sentence({ verdict, result, isAsked, store }: SentenceProps) {
  switch (verdict.kind) {
    case 'unsent':
      if (isAsked) break;
      return (
        <>
          <Waiting verdict={verdict} />
          <Behind result={result} />
          <Standing result={result} note={verdict.unsent.isRetried ? said.untilSent : ''} />
        </>
      );
    case 'sending':
      return <Waiting verdict={verdict} />;
    case 'overtaken':
      return <Overtaken unsent={verdict.unsent} verification={result.verification} />;
    case 'none':
      if (!result.verification || isAsked) break;
      return (
        <>
          <Behind result={result} />
          <Verified verification={result.verification} />
        </>
      );
    default:
      return verdict satisfies never;
  }
  return (
    <>
      <Waiting verdict={verdict} />
      <Behind result={result} />
      <Standing
        result={result}
        note={verdict.kind === 'unsent' ? said.untilSent : result.review ? '' : said.stands}
      />
      {!isDisputed(result) && <p>{askedOf(store, result)}</p>}
    </>
  );
}

/** The signed review that a verdict may not contradict. */
function Behind({ result: { review, finding } }: { readonly result: Result }) {
  const mayOpen = useSession().user.value?.roles.some((role) => CASE_KEEPERS.includes(role)) ?? false;
  const mayJudge = useMayVerify();
  if (!review || finding.positive === null) return null;
  const { id, positive, readers, isAdjudicated, settledAt } = review;
  const when = formatMoment(new Date(settledAt), new Date());
  return (
    <div class="verified">
      <Icon name="person" size={20} />
      <p>
        <span class="strong">{said.review.says[sideOf(positive)]}</span>
        {positive === null ? '.' : <span class="quiet"> {said.review.by(readers, isAdjudicated, when)}</span>}{' '}
        {mayOpen && <a href={hrefOf({ page: 'reviews', id })}>{said.review.open}</a>}
        {mayJudge && (
          <span class="verified-finding small">{said.review[positive === null ? 'disputed' : 'stands']}</span>
        )}
      </p>
    </div>
  );
}

/** Reviews of the study disagree, so that no verdict can be given. */
const isDisputed = ({ review, finding }: Result): boolean =>
  review?.positive === null && finding.positive !== null;

type StandingProps = { readonly result: Result; readonly note: string };

/** The verdict that the gateway has, if any, and how long it holds. */
function Standing({ result: { verification }, note }: StandingProps) {
  return verification === null ? null : (
    <>
      <Verified verification={verification} />
      {note !== '' && <p class="small quiet">{note}</p>}
    </>
  );
}

/** The question, or what must be on the page before it can be answered. */
function askedOf({ image: { value: image }, isNameAwaited }: ResultStore, result: Result): string {
  if (image !== 'shown') return said.image[image === 'missing' && isGone(result) ? 'gone' : image];
  return isNameAwaited.value ? said.nameAwaited : questionOf(result.finding);
}

type WaitingProps = {
  readonly verdict: Verdict;
  /** What the page itself already says is wrong. */
  readonly told?: string | null;
};

/** Shows a verdict that the gateway does not have, even while its result cannot be shown. */
export function Waiting({ verdict, told }: WaitingProps) {
  if (verdict.kind === 'none') return null;
  if (verdict.kind !== 'sending')
    return <NotSent unsent={verdict.unsent} isSaid={verdict.unsent.trouble.title === told} />;
  return (
    <>
      <p class="strong">{yourWord(verdict.request)}</p>
      <p class="small quiet">{said.sending}</p>
    </>
  );
}

type OvertakenProps = { readonly unsent: UnsentVerdict; readonly verification: Verification | null };

/** The current verdict, and the person's own, which waits for their decision. */
function Overtaken({ unsent, verification }: OvertakenProps) {
  const { request } = unsent.said;
  const isOwn = verification?.by === useSession().user.value?.id;
  return (
    <>
      <p class="strong">
        {isOwn && verification
          ? said.overtakenByOneself(formatMoment(new Date(verification.at), new Date()))
          : said.overtaken}
      </p>
      {verification && <Verified verification={verification} />}
      <div class="verified">
        <Icon name="decide" size={20} />
        <p>
          <span class="strong">{said.unsent}:</span> {yourWord(request)}.{' '}
          <span class="quiet">{said.overtakenWhat}</span>
          {request.reason && (
            <span class="verified-finding small kept">{said.reason(typedSaid(request.reason))}</span>
          )}
        </p>
      </div>
    </>
  );
}

type NotSentProps = { readonly unsent: UnsentVerdict; readonly isSaid: boolean };

function NotSent({ unsent, isSaid }: NotSentProps) {
  const { trouble, isRetried } = unsent;
  const { request } = unsent.said;
  const why = isSaid ? '' : [trouble.title, isRetried ? null : trouble.next].filter(Boolean).join(' ');
  return (
    <div class={isRetried ? 'said-wait' : 'said-red'}>
      <Icon name={isRetried ? 'caution' : 'decide'} size={20} />
      <p>
        <span class="strong">{isRetried ? said.unsent : said.refused}:</span> {yourWord(request)}. {why}{' '}
        {isRetried && said.unsentRetried}{' '}
        <span class="quiet">{isOverruled(trouble) ? said.overruledWhat : said.unsentWhat}</span>
        {request.reason && (
          <span class="verified-finding small kept">{said.reason(typedSaid(request.reason))}</span>
        )}
      </p>
    </div>
  );
}

function yourWord(request: VerifyRequest): string {
  return request.verdict === 'agree'
    ? said.yours.agree
    : said.yours.correct(className(request.finding ?? 'other'));
}

export function Verified({ verification }: { readonly verification: Verification }) {
  const { verdict, finding, by, byName, at, reason } = verification;
  const who = judgeOf({ id: by, name: byName }, useSession().user.value);
  return (
    <div class="verified">
      <Icon name="person" size={20} />
      <p>
        <span class="strong">{said.done[verdict]}</span>{' '}
        <span class="quiet">{said.by(who, formatMoment(new Date(at), new Date()))}</span>
        {verdict === 'correct' && finding && (
          <span class="verified-finding">{said.instead(className(finding))}</span>
        )}
        {reason && <span class="verified-finding small kept">{said.reason(typedSaid(reason))}</span>}
      </p>
    </div>
  );
}

/**
 * Everything that radiologists have said about the result. People who cannot give a verdict also read here that there
 * is none.
 */
export function Verdicts({ result }: { readonly result: Result }) {
  const { verification, history } = result;
  const may = useMayVerify();
  const all = history ?? (verification ? [verification] : []);
  // If there is only one verdict, a radiologist reads it in the bar.
  if (may && all.length < 2) return null;
  // If the model gives no answer, the signed review of the study says nothing about it.
  if (all.length === 0 && !isUnread(result) && result.finding.positive === null) return null;
  return (
    <div class="result-part">
      <h2>{all.length < 2 ? said.label : said.history}</h2>
      {isUnread(result) && <p class="small quiet">{said.none}</p>}
      {!may && <Behind result={result} />}
      <ol class="verdicts">
        {all.toReversed().map((one) => (
          <li key={one.at}>
            <Verified verification={one} />
          </li>
        ))}
      </ol>
    </div>
  );
}

type ButtonsProps = {
  readonly store: ResultStore;
  readonly verdict: Verdict;
  readonly isAsked: boolean;
  readonly result: Result;
  readonly onCorrect: () => void;
  readonly onChange: () => void;
  readonly onDecide: (request: VerifyRequest) => void;
  /** Keeps the current verdict; null: there is none. */
  readonly onKeep: (() => void) | null;
};

function Buttons(props: ButtonsProps) {
  const { verdict, isAsked, store } = props;
  const settling = useSettling<HTMLDivElement>(
    `${verdict.kind} ${isAsked} ${store.image.value} ${store.isNameAwaited.value}`,
  );
  // Kept until it is answered or sent, because each attempt in between draws other buttons.
  const [asked, setAsked] = useState<VerifyRequest | null>(null);
  const unsent =
    verdict.kind === 'unsent' || verdict.kind === 'overtaken' ? verdict.unsent.said.request : null;
  const waiting = verdict.kind === 'sending' ? verdict.request : unsent;
  return (
    <div ref={settling} class="verdict-buttons">
      <ButtonsOf {...props} onDrop={() => setAsked(unsent)} />
      {asked !== null && asked === waiting && (
        <Confirm
          {...said.dropAsk}
          about={yourWord(asked)}
          yes={said.drop}
          destructive
          onYes={() => void store.discard()}
          onClose={() => setAsked(null)}
        />
      )}
    </div>
  );
}

function ButtonsOf(props: ButtonsProps & { readonly onDrop: () => void }) {
  const { store, verdict, isAsked, onChange } = props;
  if (verdict.kind === 'sending') return null;
  const change = (
    <button type="button" class="button button-bare" onClick={onChange}>
      {said.change}
    </button>
  );
  if (verdict.kind === 'overtaken' || (verdict.kind === 'unsent' && !isAsked))
    return (
      <>
        {!isOverruled(verdict.unsent.trouble) && (
          <>
            <button type="button" class="button" onClick={() => void store.again()}>
              {verdict.kind === 'overtaken' ? said.sendMine : said.again}
            </button>
            {verdict.kind === 'unsent' && change}
          </>
        )}
        <button type="button" class="button button-bare" aria-haspopup="dialog" onClick={props.onDrop}>
          {verdict.kind === 'overtaken' ? said.discardMine : said.drop}
        </button>
      </>
    );
  if (!isAsked) return isDisputed(props.result) ? null : change;
  // The last button appears where the one that asked was, so that a slow second press does nothing.
  return (
    <>
      <AskedButtons {...props} />
      {props.onKeep && (
        <button type="button" class="button button-bare verdict-keep" onClick={props.onKeep}>
          {said.keep}
        </button>
      )}
    </>
  );
}

/** The two answers, or the image to fetch first. */
function AskedButtons({ store, result, onCorrect, onDecide }: ButtonsProps) {
  const image = store.image.value;
  const isDisabled = image !== 'shown' || store.isNameAwaited.value;
  if (image === 'missing')
    return isGone(result) ? null : (
      <button type="button" class="button" onClick={() => void store.want('image')}>
        {said.image.again}
      </button>
    );
  return (
    <>
      {correctionsOf(result).length > 0 && (
        <button
          type="button"
          class="button"
          aria-haspopup="dialog"
          data-opens="correct"
          disabled={isDisabled}
          onClick={onCorrect}
        >
          {said.correct}
        </button>
      )}
      {mayAgree(result) && (
        <button
          type="button"
          class="button button-main"
          disabled={isDisabled}
          onClick={() => onDecide({ verdict: 'agree' })}
        >
          {said.agree}
        </button>
      )}
    </>
  );
}
