/**
 * One review: the images at the left, the form of its type at the right. Readers answer, change and sign. An
 * adjudicator sees the readers' answers side by side. Once it is settled, everybody reads the outcome.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ADJUDICATOR, isEnded } from '#shared/protocol/review-state.ts';
import type { Review, ReviewPlace, Said } from '#shared/protocol/reviews.ts';
import { caseWords } from '../../cases/parts/case-words.ts';
import { EarlyMark } from '../../cases/parts/EarlyMark.tsx';
import { PatientOf } from '../../cases/parts/PatientOf.tsx';
import { eachOnce } from '../../cases/parts/say-patient.ts';
import { usePatients, type Patients } from '../../cases/parts/use-patients.ts';
import { Together, useArriving } from '../../kit/Together.tsx';
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { AskFirst } from '../../kit/AskFirst.tsx';
import { HideNames } from '../../kit/HideNames.tsx';
import { Icon } from '../../kit/Icon.tsx';
import { namesHidden } from '../../kit/identities.ts';
import { refreshInSight } from '../../kit/refresh-in-sight.ts';
import { hrefOf } from '../../kit/routes.ts';
import { WhenKnown } from '../../kit/WhenKnown.tsx';
import { useLate } from '../../kit/use-late.ts';
import { useApi, useSession } from '../../net/net-context.ts';
import { openLocalDatabase } from '../../pipeline/queue/rows/local-database.ts';
import { useOutbox } from '../../outbox/open-outbox.ts';
import { CameAfter } from './CameAfter.tsx';
import { History } from './History.tsx';
import { useOpenReviews } from '../parts/open-reviews.ts';
import { Readers } from './Readers.tsx';
import { ReviewForm } from './ReviewForm.tsx';
import { answeredIn, type Answered } from './own-reading.ts';
import { createReviewStore, type ReviewStore } from './review.store.ts';
import { headOf, isOutcomeHidden } from '../parts/outcome-of.ts';
import { OutcomeNow } from '../parts/OutcomeNow.tsx';
import { reviewWords } from '../parts/review-words.ts';
import { Sides } from './Sides.tsx';
import { SignReading } from './SignReading.tsx';
import { takenAnswers } from './taken-answers.ts';
import { MarkList } from '../image/MarkList.tsx';
import { ownMarks, readerMarks } from '../image/shown-marks.ts';
import { StoredMarks } from '../stored/StoredMarks.tsx';
import { StudyPictures } from './StudyPictures.tsx';
import { UnsentSteps } from './UnsentSteps.tsx';
import { useImages } from './use-images.ts';
import { WhatModelsFound } from './WhatModelsFound.tsx';

const words = reviewWords.page;

/** How often the page refreshes, so that a reader who changes devices finds what was drawn on the first one. */
const REFRESH_MS = 30_000;

function later(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
}

export function ReviewView({ id }: { readonly id: string }) {
  const api = useApi();
  const account = useSession().user.value?.id ?? '';
  const outbox = useOutbox();
  const [store] = useState(() =>
    createReviewStore(
      {
        ...{ api, account, outbox, database: openLocalDatabase() },
        ...{ newId: () => crypto.randomUUID(), wait: later },
      },
      id,
    ),
  );
  useEffect(() => {
    void store.load();
    // If the page was opened without a link, there is nothing on it yet.
    const isBack = () => void (store.review.peek() === null ? store.load() : store.sendAgain());
    addEventListener('online', isBack);
    const stopRefreshing = refreshInSight(() => void store.refresh(), REFRESH_MS);
    return () => {
      stopRefreshing();
      removeEventListener('online', isBack);
      store.close();
    };
  }, [store]);
  const review = store.review.value;
  const late = useLate(review === null && store.trouble.value === null && !store.isMissing.value);
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
            : words.heading}
      </h1>
      {late && <p class="quiet">{words.loading}</p>}
      {store.isMissing.value && <p class="quiet">{words.missingWhat}</p>}
      {store.isMissing.value && review === null && <UnsentSteps store={store} stage={null} />}
      <TroubleAlert
        trouble={store.trouble.value}
        {...(review === null && { onAgain: () => void store.load() })}
      />
      {review && (
        <Together>
          <OneReview review={review} store={store} account={account} />
        </Together>
      )}
    </main>
  );
}

type OneReviewProps = {
  readonly review: Review;
  readonly store: ReviewStore;
  readonly account: string;
};

function OneReview({ review: known, store, account }: OneReviewProps) {
  const own = store.own.value;
  // The caller's place, including steps that wait on this device for the link.
  const review = { ...known, places: known.places.map((place) => (place.isMine && own ? own : place)) };
  const studies = store.case.value?.studies.map(({ studyInstanceUID }) => studyInstanceUID);
  const images = useImages(studies, store);
  const stage = images.kind === 'shown' ? images.stage : null;
  useArriving(studies === undefined || images.kind === 'loading');
  const spacings = stage?.viewer.spacings.value ?? new Map();
  const others = readerMarks(store.otherMarks.value, spacings);
  const mine = ownMarks(store.marks.value ?? [], spacings, {
    ...{ place: own?.place ?? null, hasOthers: others.length > 0 },
  });
  const patients = usePatients(review.caseId);
  const openReviews = useOpenReviews();
  useEffect(() => void openReviews.refresh(), [review.state]);
  useFocusAfterSigning(own);
  return (
    <>
      <CameAfter review={review} />
      <Facts review={review}>
        <ReviewPatients patients={patients} />
      </Facts>
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
          <UnsentSteps store={store} stage={stage} />
          {studies && !review.hidesFinding && <Findings review={review} store={store} />}
          {isOutcomeHidden(review) && <p>{words.outcomeHidden}</p>}
          {review.state === 'settled' && <Signed review={review} store={store} />}
          {own !== null && !isEnded(review.state) && (
            <OwnReading key={own.place} {...{ review, own, store, patients }} />
          )}
          {!isEnded(review.state) && <Readers review={review} store={store} account={account} />}
          <StoredMarks review={review} annotations={store.kept.value} />
          {stage && (
            <MarkList
              {...{ stage, own: mine, others }}
              isKnown={store.marks.value !== null}
              saving={own && savingOf(store)}
            />
          )}
          <Next store={store} own={own} />
        </div>
      </div>
      <History review={review} annotations={store.kept.value} found={store.found.value.value} />
      {review.mayWithdraw && !isEnded(review.state) && <Withdraw store={store} />}
    </>
  );
}

const Withdraw = ({ store }: Pick<OneReviewProps, 'store'>) => (
  <p>
    <AskFirst
      label={words.withdraw}
      of={words.withdrawOf}
      ask={words.withdrawAsk}
      onYes={() => void store.withdraw()}
    />
  </p>
);

/** Focuses the page's heading after signing, because the sign button, and perhaps the whole form, is gone. */
function useFocusAfterSigning(own: ReviewPlace | null): void {
  useEffect(() => {
    if (own?.state === 'signed' && document.activeElement === document.body)
      document.querySelector('h1')?.focus({ preventScroll: true });
  }, [own?.state]);
}

const Findings = ({ review, store }: Pick<OneReviewProps, 'review' | 'store'>) => (
  <WhenKnown of={store.found} loading={words.loading}>
    {(found) => <WhatModelsFound found={found} reviewId={review.id} />}
  </WhenKnown>
);

function savingOf({ unsent, isCutOff }: ReviewStore): 'saved' | 'saving' | 'kept' {
  if (!unsent.value.some(({ given }) => given.step === 'annotate')) return 'saved';
  return isCutOff.value ? 'kept' : 'saving';
}

type FactsProps = { readonly review: Review; readonly children: ComponentChildren };

function Facts({ review, children }: FactsProps) {
  return (
    <div class="stack-tight">
      {children}
      <div class="row">
        <p>{headOf(review)}</p>
        <a class="button button-bare" href={hrefOf({ page: 'cases', id: review.caseId, query: '' })}>
          {words.toCase}
        </a>
      </div>
      {review.isEarly && <EarlyMark />}
      <Blindness review={review} />
      {review.state === 'reading' && review.definition.readers > 1 && (
        <p class="small quiet">{words.alone}</p>
      )}
    </div>
  );
}

/**
 * Whether the caller, and other readers that the caller may know, read without the findings that are hidden from
 * readers.
 */
function Blindness({ review }: { readonly review: Review }) {
  const seen = review.places.filter(({ place }) => review.seenBefore.includes(place));
  const others = seen.filter(({ isMine }) => !isMine || !review.hidesFinding);
  const names = others.map(({ place, reader }) => reader?.username ?? reviewWords.readers.reader(place));
  const isLate = seen.some(({ isMine }) => isMine);
  return (
    <>
      {review.hidesFinding && <p class="small quiet">{isLate ? words.blindedLate : words.blinded}</p>}
      {names.length > 0 && <p class="small">{words.seenBefore(names)}</p>}
    </>
  );
}

/** The signed answers, what later readings say about them, and how to correct them. */
const Signed = ({ review, store }: Pick<OneReviewProps, 'review' | 'store'>) => (
  <>
    <OutcomeNow review={review} />
    <Sides review={review} found={store.found.value.value} onUse={null} />
    <div class="stack-tight">
      <p class="small">{words.unchangeable}</p>
      <p>
        <a class="button" href={hrefOf({ page: 'cases', id: review.caseId, query: '' })}>
          {words.correct}
        </a>
      </p>
    </div>
  </>
);

type OwnReadingProps = Pick<OneReviewProps, 'review' | 'store'> & {
  readonly own: ReviewPlace;
  readonly patients: Patients;
};

function OwnReading({ review, own, store, patients }: OwnReadingProps) {
  const unsent = store.unsent.value;
  if (own.state === 'signed')
    return (
      <>
        <p role="status">
          {unsent.some(({ given }) => given.step === 'sign') ? words.signedHere : words.signed}
        </p>
        <Signed review={review} store={store} />
      </>
    );
  // The gateway refused a step: the author must first decide what to do about it.
  if (unsent.some(({ trouble }) => trouble !== null)) return null;
  return <Answering {...{ review, own, store, patients }} />;
}

function Answering({ review, own, store, patients }: OwnReadingProps) {
  const { form, hidesFinding } = review.definition;
  const [taken, setTaken] = useState<Taken | null>(null);
  const draft = store.draft.value;
  const [isTouched, setTouched] = useState(draft !== null);
  const isAdjudicator = own.place === ADJUDICATOR;
  const studies = store.case.value?.studies;
  const isFound =
    studies === undefined || studies.some(({ results }) => results.some(({ positive }) => positive !== null));
  const isDraft = taken === null && draft !== null && isTouched;
  const use = (said: Said, place: number) => {
    store.undoSign();
    setTaken({ said: takenAnswers(form, said), of: said.at });
    setTouched(true);
    void store.takeMarks(place);
  };
  return (
    <>
      {isAdjudicator && <Sides review={review} found={store.found.value.value} onUse={use} />}
      <section class="stack" aria-label={reviewWords.form.title}>
        <h2>{reviewWords.form.title}</h2>
        {isDraft && <p class="small quiet">{reviewWords.form.draft}</p>}
        <ReviewForm
          key={taken?.of}
          form={form}
          hasFinding={isFound && (isAdjudicator || !hidesFinding)}
          said={taken?.said ?? (isDraft ? draft : own.said && answeredIn(own.said))}
          isBusy={store.isBusy.value}
          onTouch={(typed) => {
            store.undoSign();
            setTouched(true);
            void store.keepDraft(typed);
          }}
          onSave={(said) => {
            // The button is not disabled, because it would lose the focus.
            if (store.isBusy.value) return;
            setTouched(false);
            void store.decide(said);
          }}
        />
        {own.said && <SignReading {...{ review, isTouched, store, patients }} said={own.said} />}
      </section>
    </>
  );
}

type Taken = { readonly said: Answered; readonly of: string };

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

/** The patient as the PACS describes them. The PACS is not asked while names are hidden on this device. */
function ReviewPatients({ patients }: { readonly patients: Patients }) {
  return (
    <section class="stack-tight" aria-label={caseWords.patient.title} aria-busy={patients.isAsking.value}>
      {!namesHidden.value && (
        <WhenKnown of={patients} loading={caseWords.patient.loading}>
          {(told, known) =>
            eachOnce(told).map((patient, at) => <PatientOf key={at} {...{ patient, known }} />)
          }
        </WhenKnown>
      )}
      <HideNames />
    </section>
  );
}
