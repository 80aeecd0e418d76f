/**
 * One review: the images at the left, the form of its type at the right. Readers answer, change and sign; an
 * adjudicator sees the readers' answers side by side; everybody reads what stands once it is settled.
 */
import { useEffect, useState } from 'preact/hooks';
import { ADJUDICATOR, isEnded } from '#shared/protocol/review-state.ts';
import type { Review, ReviewPlace, Said } from '#shared/protocol/reviews.ts';
import { CaseTroubleNotice } from '../cases/CaseParts.tsx';
import { AskFirst } from '../kit/AskFirst.tsx';
import { formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { hrefOf } from '../kit/routes.ts';
import { useLate } from '../kit/use-late.ts';
import { useApi, useSession } from '../net/net-context.ts';
import { openLocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import { Readers } from './Readers.tsx';
import { ReviewForm } from './ReviewForm.tsx';
import { createReviewStore, type Answered, type ReviewStore } from './review.store.ts';
import { reviewWords } from './review-words.ts';
import { Sides } from './Sides.tsx';
import { MarkList } from './image/MarkList.tsx';
import { ownMarks, readerMarks } from './image/shown-marks.ts';
import { StudyPictures } from './StudyPictures.tsx';
import { UnsentSteps } from './UnsentSteps.tsx';
import { useImages } from './use-images.ts';

const words = reviewWords.page;

function later(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
}

export function ReviewView({ id, isAnonymous }: { readonly id: string; readonly isAnonymous: boolean }) {
  const api = useApi();
  const account = useSession().user.value?.id ?? '';
  const [store] = useState(() =>
    createReviewStore(
      {
        ...{ api, account, database: openLocalDatabase(), now: Date.now },
        ...{ newId: () => crypto.randomUUID(), wait: later },
      },
      id,
    ),
  );
  useEffect(() => {
    void store.load(isAnonymous);
    const isBack = () => void store.sendAgain();
    addEventListener('online', isBack);
    return () => {
      removeEventListener('online', isBack);
      store.close();
    };
  }, [store]);
  const review = store.review.value;
  const late = useLate(review === null && store.trouble.value === null);
  return (
    <main id="content" class="page stack review" aria-busy={store.isBusy.value}>
      <p class="case-back">
        <a class="button button-bare" href={hrefOf({ page: 'reviews', id: '' })}>
          <span class="flipped">
            <Icon name="chevron" size={16} turns />
          </span>
          {words.back}
        </a>
      </p>
      <h1 tabIndex={-1}>
        {store.isMissing.value
          ? words.missing
          : review
            ? reviewWords.list.name(review.title, review.caseNumber)
            : late && words.loading}
      </h1>
      {store.isMissing.value && <p class="quiet">{words.missingWhat}</p>}
      <CaseTroubleNotice trouble={store.trouble.value}>
        {review === null && (
          <p>
            <button type="button" class="button" onClick={() => void store.load(isAnonymous)}>
              {reviewWords.trouble.again}
            </button>
          </p>
        )}
      </CaseTroubleNotice>
      {review && <OneReview review={review} store={store} account={account} />}
    </main>
  );
}

type OneReviewProps = {
  readonly review: Review;
  readonly store: ReviewStore;
  readonly account: string;
};

function OneReview({ review, store, account }: OneReviewProps) {
  const own = store.own.value;
  const studies = store.case.value?.studies.map(({ studyInstanceUID }) => studyInstanceUID);
  const images = useImages(studies, store);
  const stage = images.kind === 'shown' ? images.stage : null;
  const spacings = stage?.viewer.spacings.value ?? new Map();
  const others = readerMarks(store.otherMarks.value, spacings);
  const mine = ownMarks(store.marks.value ?? [], spacings, {
    place: own?.place ?? null,
    hasOthers: others.length > 0,
  });
  // The button that signed is gone, and perhaps the form with it.
  useEffect(() => {
    if (own?.state === 'signed' && document.activeElement === document.body)
      document.querySelector('h1')?.focus({ preventScroll: true });
  }, [own?.state]);
  return (
    <>
      <Facts review={review} />
      <div class="review-columns">
        {studies && (
          <StudyPictures
            images={images}
            studies={studies}
            isBlinded={review.hidesFinding}
            own={mine}
            others={others}
          />
        )}
        <div class="stack">
          <UnsentSteps store={store} />
          {review.state === 'settled' && <Sides review={review} onUse={null} />}
          {own !== null && !isEnded(review.state) && (
            <OwnReading key={own.place} review={review} own={own} store={store} />
          )}
          {!isEnded(review.state) && <Readers review={review} store={store} account={account} />}
          {stage && <MarkList stage={stage} own={mine} others={others} saving={own && savingOf(store)} />}
          <Next store={store} own={own} />
        </div>
      </div>
      <History review={review} />
      {review.mayWithdraw && !isEnded(review.state) && (
        <p>
          <AskFirst
            label={words.withdraw}
            of={words.withdrawOf}
            ask={words.withdrawAsk}
            onYes={() => void store.withdraw()}
          />
        </p>
      )}
    </>
  );
}

function savingOf({ unsent, isCutOff }: ReviewStore): 'saved' | 'saving' | 'kept' {
  if (!unsent.value.some(({ given }) => given.step === 'annotate')) return 'saved';
  return isCutOff.value ? 'kept' : 'saving';
}

function Facts({ review }: { readonly review: Review }) {
  const about = [
    reviewWords.states[review.state],
    review.pseudonym,
    review.finalPlace === null ? null : words.settled,
  ].filter(Boolean);
  return (
    <div class="stack-tight">
      <div class="row">
        <p>{about.join(reviewWords.separator)}</p>
        <a class="button button-bare" href={hrefOf({ page: 'cases', id: review.caseId, query: '' })}>
          {words.toCase}
        </a>
      </div>
      {review.hidesFinding && <p class="small quiet">{words.blinded}</p>}
      {review.state === 'reading' && review.definition.readers > 1 && (
        <p class="small quiet">{words.alone}</p>
      )}
    </div>
  );
}

type OwnReadingProps = Pick<OneReviewProps, 'review' | 'store'> & { readonly own: ReviewPlace };

function OwnReading({ review, own, store }: OwnReadingProps) {
  const { form, hidesFinding } = review.definition;
  const [taken, setTaken] = useState<Said | null>(null);
  const [isTouched, setTouched] = useState(false);
  const isAdjudicator = own.place === ADJUDICATOR;
  if (own.state === 'signed')
    return (
      <>
        <p role="status">{words.signed}</p>
        <Sides review={review} onUse={null} />
      </>
    );
  // The gateway refused something: first it is decided what becomes of it.
  if (store.unsent.value.some(({ trouble }) => trouble !== null)) return null;
  const studies = store.case.value?.studies;
  const isFound = studies === undefined || studies.some(({ results }) => results.length > 0);
  const shown = taken ?? own.said;
  const use = (said: Said, place: number) => {
    setTaken(said);
    setTouched(true);
    void store.takeMarks(place);
  };
  return (
    <>
      {isAdjudicator && <Sides review={review} onUse={use} />}
      <section class="stack" aria-label={reviewWords.form.title}>
        <h2>{reviewWords.form.title}</h2>
        <ReviewForm
          key={taken?.at}
          form={form}
          hasFinding={isAdjudicator || (isFound && !hidesFinding)}
          said={shown && answeredIn(shown)}
          isBusy={store.isBusy.value}
          onTouch={() => setTouched(true)}
          onSave={(said) => {
            // The button is not switched off, because it would lose the focus.
            if (store.isBusy.value) return;
            setTouched(false);
            void store.decide(said);
          }}
        />
        {own.said && <Signing said={own.said} isTouched={isTouched} store={store} />}
      </section>
    </>
  );
}

const answeredIn = ({ decision, answers, reason }: Said): Answered => ({
  decision,
  answers,
  reason: reason ?? '',
});

type SigningProps = { readonly said: Said; readonly isTouched: boolean; readonly store: ReviewStore };

function Signing({ said, isTouched, store }: SigningProps) {
  const form = reviewWords.form;
  return (
    <div class="stack-tight">
      <p class="small" role="status">
        {isTouched ? form.unchangedFirst : form.saved(formatMoment(new Date(said.at), new Date()))}
      </p>
      <div class="row">
        <button
          type="button"
          class="button button-main"
          disabled={isTouched || store.isBusy.value}
          onClick={() => void store.sign()}
        >
          {form.sign}
        </button>
        <span class="small quiet">{form.signWhat}</span>
      </div>
    </div>
  );
}

function Next({ store, own }: { readonly store: ReviewStore; readonly own: ReviewPlace | null }) {
  const next = store.next.value;
  if (next === undefined || (own !== null && own.state !== 'signed')) return null;
  if (next === null) return own && <p class="quiet">{words.noNext}</p>;
  return (
    <p>
      <a class="button" href={hrefOf({ page: 'reviews', id: next })}>
        {words.next}
      </a>
    </p>
  );
}

function History({ review }: { readonly review: Review }) {
  return (
    <details class="disclosure">
      <summary>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {reviewWords.history}
      </summary>
      <ol class="plain case-timeline">
        {review.history.map(({ step, by, to, decision, at }) => (
          <li key={`${step} ${at}`}>
            <span class="small quiet numbers">{formatMoment(new Date(at), new Date())}</span>
            <bdi class="small">
              {[reviewWords.steps[step], decision && reviewWords.decisions[decision], by, to !== by && to]
                .filter(Boolean)
                .join(reviewWords.separator)}
            </bdi>
          </li>
        ))}
      </ol>
    </details>
  );
}
