/** The steps that this device has not sent to the gateway: they wait for the link, or the gateway refused one. */
import { REVIEW_PROBLEMS } from '#shared/protocol/review-problems.ts';
import { isEnded } from '#shared/protocol/review-state.ts';
import type { Trouble } from '../../kit/trouble.ts';
import { AskFirst } from '../../kit/AskFirst.tsx';
import { Icon } from '../../kit/Icon.tsx';
import { typedSaid } from '../../kit/identities.ts';
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { useSettling } from '../../kit/use-settling.ts';
import { keptIn } from './own-reading.ts';
import { nameOf, ownMarks, whereOf } from '../image/shown-marks.ts';
import type { Stage } from '../image/stage.ts';
import type { Marks, Unsent } from './review-marks.ts';
import type { ReviewStore } from './review.store.ts';
import { reviewWords } from '../parts/review-words.ts';
import { saidDecision } from '../parts/said-decision.ts';
import { AnswerList } from './Sides.tsx';

const words = reviewWords.kept;

type UnsentStepsProps = {
  readonly store: ReviewStore;
  /** Its images are needed to name marks; null: not loaded yet. */
  readonly stage: Stage | null;
};

export function UnsentSteps({ store, stage }: UnsentStepsProps) {
  // Marks are sent automatically, so only marks that did not arrive are listed.
  const unsent = store.unsent.value.filter(
    ({ given, trouble }) => given.step !== 'annotate' || trouble !== null || store.isCutOff.value,
  );
  const refused = unsent.find(({ trouble }) => trouble !== null);
  const asked = askedOf(refused);
  const what = unsent.map(({ given }) => words.steps[given.step]).join(reviewWords.separator);
  return (
    <div role="status">
      {refused !== undefined && (
        <TroubleAlert trouble={toldOf(refused.trouble)}>
          <p class="strong">
            {words.refused}: {what}
          </p>
          {asked !== 'contradicts' && <p>{words.what[asked]}</p>}
          <BothMarks {...{ store, stage, asked }} />
          <Kept store={store} />
          <Answers store={store} asked={asked} what={what} />
        </TroubleAlert>
      )}
      {refused === undefined && unsent.length > 0 && !store.isBusy.value && (
        <div class="row review-waits">
          <Icon name="caution" size={20} />
          <p>
            <span class="strong">{words.waits}:</span> {what}. {words.waitsWhat}
          </p>
          <button type="button" class="button" onClick={() => void store.sendAgain()}>
            {words.sendNow}
          </button>
        </div>
      )}
    </div>
  );
}

/** What the author has to decide after the refusal of a step. */
type Asked = 'overtaken' | 'marks' | 'contradicts' | 'refused';

function askedOf(refused: Unsent | undefined): Asked {
  const code = refused?.trouble?.code;
  if (refused?.given.step === 'annotate' && code === 'review-changed') return 'overtaken';
  if (code === 'review-marks-changed') return 'marks';
  return code === 'review-contradicts' ? 'contradicts' : 'refused';
}

type AnswersProps = { readonly store: ReviewStore; readonly asked: Asked; readonly what: string };

function Answers({ store, asked, what }: AnswersProps) {
  const settling = useSettling<HTMLDivElement>(asked);
  const isBusy = store.isBusy.value;
  const button = (label: string, act: () => Promise<void>) => (
    <button type="button" class="button" disabled={isBusy} onClick={() => void act()}>
      {label}
    </button>
  );
  return (
    <div ref={settling} class="row">
      {asked === 'overtaken' && (
        <>
          {button(words.keepMarks, store.keepOwnMarks)}
          {button(words.takeMarks, store.takeOtherMarks)}
        </>
      )}
      {asked === 'marks' && button(words.signAgain, store.signAgain)}
      {asked === 'contradicts' && (
        <>
          {button(words.signAnyway, store.signAnyway)}
          {button(words.changeFirst, store.discard)}
        </>
      )}
      {asked === 'refused' && (
        <>
          {mayUse(store) && button(words.use, store.useKept)}
          <AskFirst
            label={words.discard}
            of={words.discard}
            ask={{ ...words.discardAsk, about: what, yes: words.discard }}
            onYes={() => void store.discard()}
          />
        </>
      )}
    </div>
  );
}

/** Review problems are explained fully in words. A code is only for refusals to report to an administrator. */
const toldOf = (trouble: Trouble | null): Trouble | null =>
  trouble && Object.hasOwn(REVIEW_PROBLEMS, trouble.code ?? '') ? { ...trouble, code: null } : trouble;

/** Whether the kept answers can be saved once more. */
const mayUse = ({ own, review, unsent }: ReviewStore): boolean =>
  keptIn(unsent.value) !== null &&
  own.value !== null &&
  own.value.state !== 'signed' &&
  review.value !== null &&
  !isEnded(review.value.state);

type BothMarksProps = UnsentStepsProps & { readonly asked: Asked };

/** Both versions of the disputed marks, named as in their list. */
function BothMarks({ store, stage, asked }: BothMarksProps) {
  const place = store.own.value?.place ?? null;
  const of = { place, hasOthers: store.otherMarks.value.length > 0 };
  const spacings = stage?.viewer.spacings.value ?? new Map();
  const said = (marks: Marks | null) =>
    marks &&
    ownMarks(marks, spacings, of).map((one) =>
      [nameOf(one), whereOf(one, stage?.viewer.pictures), typedSaid(one.mark.label)]
        .filter(Boolean)
        .join(' '),
    );
  const here = said(store.marks.value);
  const elsewhere = said(store.elsewhere.value);
  if (asked === 'marks') return here && <p>{words.marksNow(here)}</p>;
  if (asked !== 'overtaken') return null;
  return (
    <>
      {here && <p>{words.marksHere(here)}</p>}
      <p>{elsewhere ? words.marksElsewhere(elsewhere) : words.elsewhereUnread}</p>
    </>
  );
}

/** Shows the kept answers, so that nobody has to remember them when giving them again. */
function Kept({ store }: { readonly store: ReviewStore }) {
  const kept = keptIn(store.unsent.value);
  const review = store.review.value;
  if (kept === null || review === null) return null;
  const { said, at } = kept;
  const place = store.own.value?.place ?? null;
  const found = store.found.value.value;
  const decision = saidDecision({ decision: said.decision, at, place }, review, found);
  return (
    <section class="stack-tight" aria-label={words.said}>
      <p class="small quiet">{words.said}</p>
      <p>{[decision, typedSaid(said.reason)].filter(Boolean).join(reviewWords.separator)}</p>
      {said.decision !== 'reject' && <AnswerList form={review.definition.form} answers={said.answers} />}
    </section>
  );
}
