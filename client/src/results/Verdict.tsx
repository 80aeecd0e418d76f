/**
 * At the bottom of the window, within reach of the thumb: agree or correct, in one action that can be taken
 * back for a moment. Shows an existing verdict with its author. Only radiologists are asked.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Finding, Result } from '#shared/protocol/inference.ts';
import { useSession } from '../net/net-context.ts';
import { formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { correctionsOf, headlineOf, personOf } from './describe-result.ts';
import type { Correction, VerifyRequest } from './finding-kinds.ts';
import { resultWords } from './result-words.ts';
import type { ResultStore, Verdict } from './result.store.ts';

const said = resultWords.verdict;

/** The gateway decides; this check only spares a person a refusal. */
export function useMayVerify(): boolean {
  return useSession().user.value?.roles.includes('radiologist') ?? false;
}

export type VerdictBarProps = {
  readonly store: ResultStore;
  readonly result: Result;
  /** An existing verdict is being changed. */
  readonly changing: boolean;
  readonly onChanging: (changing: boolean) => void;
  readonly onCorrect: () => void;
};

export function VerdictBar({ store, result, changing, onChanging, onCorrect }: VerdictBarProps) {
  const bar = useRef<HTMLElement>(null);
  const verdict = store.verdict.value;
  const may = useMayVerify();
  const isAsked = may && (result.verification === null || changing);
  // The pressed button is gone: move the focus to its replacement for keyboard users.
  useEffect(() => {
    if (verdict.kind !== 'none' && document.activeElement === document.body)
      bar.current?.querySelector<HTMLElement>('.button')?.focus({ preventScroll: true });
    if (verdict.kind === 'sending') onChanging(false);
  }, [verdict.kind]);
  return (
    <section ref={bar} class="send-bar" aria-label={said.label}>
      <div class="send-inside verdict">
        <div class="verdict-said">
          <div role="status">
            <Sentence verdict={verdict} result={result} may={may} isAsked={isAsked} />
          </div>
          {verdict.kind === 'pending' && (
            <p class="small quiet numbers">{said.pendingWhat(verdict.secondsLeft)}</p>
          )}
        </div>
        <Buttons
          store={store}
          verdict={verdict}
          isAsked={isAsked}
          may={may}
          onCorrect={onCorrect}
          onChange={() => onChanging(true)}
        />
      </div>
    </section>
  );
}

type SentenceProps = {
  readonly verdict: Verdict;
  readonly result: Result;
  readonly may: boolean;
  readonly isAsked: boolean;
};

function Sentence({ verdict, result, may, isAsked }: SentenceProps) {
  switch (verdict.kind) {
    case 'pending':
      return <p class="strong">{pendingWord(verdict.request)}</p>;
    case 'sending':
      return <p>{said.sending}</p>;
    case 'failed':
      return (
        <div class="said-red">
          <Icon name="decide" size={20} />
          <p>
            <span class="strong">{said.failed}.</span> {verdict.trouble.title} {verdict.trouble.next}
          </p>
        </div>
      );
    case 'overtaken':
      return (
        <>
          <p class="strong">{said.overtaken}</p>
          <p class="small">{said.overtakenWhat}</p>
          {result.verification && <Verified verification={result.verification} />}
        </>
      );
    case 'none':
      if (result.verification && !isAsked) return <Verified verification={result.verification} />;
      return may ? <p>{questionOf(result.finding)}</p> : <p class="quiet">{`${said.none} ${said.only}`}</p>;
    default:
      return verdict satisfies never;
  }
}

/**
 * The meaning of agreeing: the score is right, the marks are right, or the model is right to give no answer.
 */
function questionOf(finding: Finding): string {
  const { kind } = headlineOf(finding);
  if (kind === 'silent') return said.askSilent;
  return kind === 'above' || kind === 'below' ? said.ask : said.askOther;
}

function pendingWord(request: VerifyRequest): string {
  return request.verdict === 'agree'
    ? said.pending.agree
    : said.pending.correct(said.findings[request.finding ?? 'other']);
}

export function Verified({ verification }: { readonly verification: NonNullable<Result['verification']> }) {
  const { verdict, finding, by, byName, at, reason } = verification;
  const who = personOf({ id: by, name: byName }, useSession().user.value, {
    you: said.you,
    other: said.another,
  });
  return (
    <div class="verified">
      <Icon name="person" size={20} />
      <p>
        <span class="strong">{said.done[verdict]}</span>{' '}
        <span class="quiet">{said.by(who, formatMoment(new Date(at), new Date()))}</span>
        {verdict === 'correct' && finding && (
          <span class="verified-finding">{said.instead(resultWords.classes[finding] ?? finding)}</span>
        )}
        {reason && <span class="verified-finding small kept">{said.reason(reason)}</span>}
      </p>
    </div>
  );
}

type ButtonsProps = {
  readonly store: ResultStore;
  readonly verdict: Verdict;
  readonly isAsked: boolean;
  readonly may: boolean;
  readonly onCorrect: () => void;
  readonly onChange: () => void;
};

function Buttons({ store, verdict, isAsked, may, onCorrect, onChange }: ButtonsProps) {
  switch (verdict.kind) {
    case 'pending':
      return (
        <div class="verdict-buttons">
          <button type="button" class="button" onClick={store.takeBack}>
            <Icon name="back" size={20} turns />
            {said.takeBack}
          </button>
          <button type="button" class="button button-bare" onClick={() => void store.keepNow()}>
            {said.now}
          </button>
        </div>
      );
    case 'failed':
      return (
        <div class="verdict-buttons">
          <button type="button" class="button" onClick={() => void store.keepNow()}>
            {said.again}
          </button>
          <button type="button" class="button button-bare" onClick={store.takeBack}>
            {said.drop}
          </button>
        </div>
      );
    case 'sending':
      return null;
    case 'none':
    case 'overtaken':
      if (!may) return null;
      if (!isAsked)
        return (
          <button type="button" class="button button-bare" onClick={onChange}>
            {said.change}
          </button>
        );
      return (
        <div class="verdict-buttons">
          <button type="button" class="button" aria-haspopup="dialog" onClick={onCorrect}>
            {said.correct}
          </button>
          <button type="button" class="button button-main" onClick={() => store.decide({ verdict: 'agree' })}>
            {said.agree}
          </button>
        </div>
      );
    default:
      return verdict satisfies never;
  }
}

/** A longer text would be a report, not a reason. */
const REASON_CHARACTERS = 1_000;
const NEARLY_FULL = 200;

/** `before`: a correction made on this page and taken back, so that nobody has to retype it. */
export type CorrectSheetProps = {
  readonly finding: Finding;
  readonly before: VerifyRequest | null;
  readonly onCorrect: (request: VerifyRequest) => void;
  readonly onClose: () => void;
};

export function CorrectSheet({ finding: found, before, onCorrect, onClose }: CorrectSheetProps) {
  // No default: this text goes into the PACS under their name.
  const [finding, setFinding] = useState<Correction | null>(before?.finding ?? null);
  const [reason, setReason] = useState(before?.reason ?? '');
  const [isSubmitted, setSubmitted] = useState(false);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setSubmitted(true);
    if (finding === null || reason.trim() === '') return;
    onClose();
    onCorrect({ verdict: 'correct', finding, reason: reason.trim() });
  };
  return (
    <Sheet title={said.form.title} onClose={onClose}>
      <form noValidate onSubmit={submit}>
        <FindingChoice of={found} chosen={finding} onChoose={setFinding} />
        <div role="alert">
          {isSubmitted && finding === null && <p class="small reason-missing">{said.form.findingMissing}</p>}
        </div>
        <ReasonField reason={reason} isMissing={isSubmitted && reason.trim() === ''} onReason={setReason} />
        <div class="sheet-actions">
          <button type="button" class="button" onClick={onClose}>
            {kitWords.cancel}
          </button>
          <button type="submit" class="button button-main">
            {said.form.submit}
          </button>
        </div>
      </form>
    </Sheet>
  );
}

type FindingChoiceProps = {
  readonly of: Finding;
  readonly chosen: Correction | null;
  readonly onChoose: (finding: Correction) => void;
};

/** The findings that may stand instead of the model's. */
function FindingChoice({ of, chosen, onChoose }: FindingChoiceProps) {
  return (
    <fieldset class="sheet-part correct-findings">
      <legend class="small quiet">{said.form.finding}</legend>
      {correctionsOf(of).map((each) => (
        <label key={each} class="choice">
          <input type="radio" name="finding" checked={chosen === each} onChange={() => onChoose(each)} />
          <span>{said.findings[each]}</span>
        </label>
      ))}
    </fieldset>
  );
}

type ReasonFieldProps = {
  readonly reason: string;
  readonly isMissing: boolean;
  readonly onReason: (reason: string) => void;
};

/** The reason in the radiologist's words, and what it is for, or how many characters are left. */
function ReasonField({ reason, isMissing, onReason }: ReasonFieldProps) {
  const left = REASON_CHARACTERS - reason.length;
  const hint = left < NEARLY_FULL ? said.form.left(left) : said.form.reasonWhat;
  return (
    <>
      <label class="field sheet-part">
        <span class="small quiet">{said.form.reason}</span>
        <textarea
          rows={3}
          maxLength={REASON_CHARACTERS}
          value={reason}
          aria-invalid={isMissing}
          aria-describedby="reason-what"
          onInput={(event) => onReason(event.currentTarget.value)}
        />
      </label>
      <p
        id="reason-what"
        class={isMissing ? 'small reason-missing' : 'small quiet'}
        role={isMissing ? 'alert' : undefined}
      >
        {isMissing ? said.form.reasonMissing : hint}
      </p>
    </>
  );
}
