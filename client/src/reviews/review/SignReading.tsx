/**
 * The signature of a reader. The reader is asked first if decision and answers contradict what models found. The
 * signature takes effect after a few seconds, so that it can be undone.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Result } from '#shared/protocol/inference.ts';
import { positiveOf } from '#shared/protocol/review-judgement.ts';
import type { Review, Said } from '#shared/protocol/reviews.ts';
import { caseWords } from '../../cases/parts/case-words.ts';
import { studyDaysOf, whoseSaid } from '../../cases/parts/say-patient.ts';
import type { Patients } from '../../cases/parts/use-patients.ts';
import { formatMoment } from '../../kit/format.ts';
import { Confirm } from '../../kit/Sheet.tsx';
import { useSettling } from '../../kit/use-settling.ts';
import { headlineOf, shortOf } from '../../results/parts/describe-result.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { inQuestion, isContradiction } from './found-results.ts';
import { saidIn } from '../parts/answer-words.ts';
import type { ReviewStore } from './review.store.ts';
import { reviewWords } from '../parts/review-words.ts';
import { SIGN_AFTER_SECONDS } from './signing.ts';

const words = reviewWords.form;

type SignReadingProps = {
  readonly review: Review;
  readonly said: Said;
  readonly isTouched: boolean;
  readonly store: ReviewStore;
  readonly patients: Patients;
};

export function SignReading({ review, said, isTouched, store, patients }: SignReadingProps) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const part = useRef<HTMLDivElement>(null);
  const left = store.signing.value;
  const isPending = left !== null;
  const before = useRef(isPending);
  // The pressed button is gone, so its replacement gets the focus.
  useEffect(() => {
    if (before.current !== isPending && document.activeElement === document.body)
      part.current?.querySelector('button')?.focus({ preventScroll: true });
    before.current = isPending;
  }, [isPending]);
  // Empty until the findings are known; until then the gateway refuses a contradiction.
  const found = store.found.value.value ?? [];
  const { form } = review.definition;
  // A text may state that nothing is there, so it does not count as a mark.
  const marks = (store.marks.value ?? []).filter(({ kind }) => kind !== 'text').length;
  const isMarked = said.decision !== 'reject' && marks > 0 && positiveOf(form, said.answers) === false;
  const isKept = store.unsent.value.some(({ given }) => given.step === 'decide');
  const press = () => {
    if (isContradiction(review, said, found)) setAsked('contradiction');
    else if (isMarked) setAsked('marked');
    else store.sign(false);
  };
  return (
    <div ref={part} class="stack-tight">
      <p class="small" role="status">
        {isPending
          ? words.signsIn(SIGN_AFTER_SECONDS)
          : isTouched
            ? words.unchangedFirst
            : isKept
              ? words.keptHere
              : words.saved(formatMoment(new Date(said.at), new Date()))}
      </p>
      <p class="strong kept review-whose">
        <bdi>{whoseReading(review, patients)}</bdi>
      </p>
      <Buttons
        left={left}
        isOff={isTouched || store.isBusy.value}
        onSign={press}
        onUndo={() => store.undoSign()}
      />
      {asked && <Question {...{ asked, review, said, store, marks }} onClose={() => setAsked(null)} />}
    </div>
  );
}

/**
 * Repeats whose study is being signed, because the page head has scrolled out of view. Names only what the reader is
 * shown there.
 */
function whoseReading({ pseudonym, caseNumber, modalities }: Review, patients: Patients): string {
  const told = patients.value.value ?? [];
  const whose = whoseSaid(told) ?? pseudonym ?? caseWords.caseNumber(caseNumber);
  return words.signFor([whose, ...modalities, ...studyDaysOf(told)].join(reviewWords.separator));
}

type ButtonsProps = {
  /** Seconds until the reading is signed; null: no signature is pending. */
  readonly left: number | null;
  readonly isOff: boolean;
  readonly onSign: () => void;
  readonly onUndo: () => void;
};

function Buttons({ left, isOff, onSign, onUndo }: ButtonsProps) {
  const settling = useSettling<HTMLDivElement>(left === null ? 'sign' : 'undo');
  return (
    <div ref={settling} class="row">
      {left !== null ? (
        <>
          <button type="button" class="button" onClick={onUndo}>
            {words.undo}
          </button>
          <span class="small quiet numbers" aria-hidden="true">
            {words.left(left)}
          </span>
        </>
      ) : (
        <>
          <button type="button" class="button button-main" disabled={isOff} onClick={onSign}>
            {words.sign}
          </button>
          <span class="small quiet">{words.signWhat}</span>
        </>
      )}
    </div>
  );
}

type Asked = 'contradiction' | 'marked';
type QuestionProps = Pick<SignReadingProps, 'review' | 'said' | 'store'> & {
  readonly asked: Asked;
  readonly marks: number;
  readonly onClose: () => void;
};

function Question({ asked, review, said, store, marks, onClose }: QuestionProps) {
  const ask = words.marked;
  if (asked === 'contradiction')
    return (
      <Contradiction
        {...{ review, said, onClose }}
        found={store.found.value.value ?? []}
        onSign={() => store.sign(true)}
      />
    );
  return (
    <Confirm
      title={ask.title}
      about={ask.about(marks)}
      what={ask.what(saidIn(review.definition.form, said.answers))}
      yes={ask.yes}
      no={ask.no}
      onYes={() => store.sign(false)}
      onClose={onClose}
    />
  );
}

type ContradictionProps = Pick<SignReadingProps, 'review' | 'said'> & {
  readonly found: readonly Result[];
  readonly onSign: () => void;
  readonly onClose: () => void;
};

function Contradiction({ review, said, found, onSign, onClose }: ContradictionProps) {
  const ask = words.contradiction;
  const findings = inQuestion(found).map(({ finding }) => shortOf(headlineOf(finding)));
  return (
    <Confirm
      title={ask.title}
      about={ask.models([...new Set(findings)].join(reviewWords.separator), kitWords.notForDiagnosis)}
      what={ask.what(words.decisions[said.decision], saidIn(review.definition.form, said.answers))}
      yes={ask.yes}
      no={ask.no}
      onYes={onSign}
      onClose={onClose}
    />
  );
}
