/** The lists of reviews. The list of what waits for this person comes first. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { CASE_KEEPERS } from '#shared/protocol/cases.ts';
import { ADJUDICATOR, isEnded } from '#shared/protocol/review-state.ts';
import {
  REVIEW_LISTS,
  REVIEWERS,
  reviewListSchema,
  type ListedReview,
  type ReviewList,
} from '#shared/protocol/reviews.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { dayWords, isOverdue } from '../cases/parts/CaseParts.tsx';
import { EarlyMark } from '../cases/parts/EarlyMark.tsx';
import type { ManyPatients } from '../cases/parts/many-patients.ts';
import { PatientLine, useManyPatients } from '../cases/parts/PatientLine.tsx';
import { caseWords } from '../cases/parts/case-words.ts';
import { formatMoment } from '../kit/format.ts';
import { HideNames } from '../kit/HideNames.tsx';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { MoreButton } from '../kit/MoreButton.tsx';
import { hrefOf } from '../kit/routes.ts';
import { createPagedList } from '../kit/paged-list.ts';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { useApi, useSession } from '../net/net-context.ts';
import { afterOf, foundOf } from './parts/outcome-of.ts';
import { OutcomeNow } from './parts/OutcomeNow.tsx';
import { progressOf } from './parts/progress-of.ts';
import { reviewWords } from './parts/review-words.ts';

const words = reviewWords.list;
type Page = { readonly reviews: readonly ListedReview[]; readonly next: string | null };

/** The pages of a list that were requested so far. Changing the list starts again at its first page. */
function usePages(list: ReviewList) {
  const api = useApi();
  const pages = useMemo(
    () =>
      createPagedList<Page, 'reviews', Trouble>(troubleOf, {
        rows: 'reviews',
        idOf: ({ id }) => id,
        read: (_, cursor, signal) =>
          api.json(`/reviews?list=${list}${cursor === null ? '' : `&cursor=${cursor}`}`, reviewListSchema, {
            signal,
          }),
      }),
    [list],
  );
  useEffect(() => {
    void pages.load();
    return pages.close;
  }, [pages]);
  return pages;
}

export function ReviewsView() {
  const roles = useSession().user.value?.roles ?? [];
  const mayRead = roles.some((role) => REVIEWERS.includes(role));
  const [list, setList] = useState<ReviewList>(mayRead ? 'todo' : 'all');
  const pages = usePages(list);
  const patients = useManyPatients();
  return (
    <main id="content" class="page stack" aria-busy={pages.answer.value.state === 'loading'}>
      <h1 tabIndex={-1}>{kitWords.pages.reviews}</h1>
      {roles.some((role) => CASE_KEEPERS.includes(role)) && (
        <p>
          <a class="button button-bare" href={hrefOf({ page: 'reviews', id: 'types' })}>
            {words.types}
          </a>
        </p>
      )}
      <HideNames />
      <label class="field review-lists">
        <span class="small quiet">{words.choose}</span>
        <select value={list} onChange={(event) => setList(event.currentTarget.value as ReviewList)}>
          {REVIEW_LISTS.map((one) => (
            <option key={one} value={one}>
              {words.lists[one]}
            </option>
          ))}
        </select>
      </label>
      <WhenKnown of={pages} loading={words.loading}>
        {({ reviews }, known) => (
          <>
            {reviews.length === 0 && <p role="status">{words.empty[list](known)}</p>}
            <ol class="plain" aria-label={kitWords.pages.reviews}>
              {reviews.map((review) => (
                <li key={review.id} class="hairline">
                  <Row review={review} patients={patients} />
                </li>
              ))}
            </ol>
            <MoreButton of={pages} />
          </>
        )}
      </WhenKnown>
    </main>
  );
}

type RowProps = { readonly review: ListedReview; readonly patients: ManyPatients };

function Row({ review, patients }: RowProps) {
  const own = review.places.find(({ isMine }) => isMine);
  const late = !isEnded(review.state) && isOverdue({ ...review, status: 'open' });
  const about = [
    caseWords.priorities[review.priority],
    !late && review.dueOn && words.due(dayWords(review.dueOn)),
    own ? reviewWords.places[own.state] : progressOf(review),
    foundOf(review),
    ...review.modalities,
    review.pseudonym,
    words.asked(formatMoment(new Date(review.openedAt), new Date())),
    afterOf(review),
  ].filter(Boolean);
  return (
    <a class="case-row" href={hrefOf({ page: 'reviews', id: review.id })}>
      <span class="case-row-body">
        <span class="strong">{words.name(review.title, review.caseNumber)}</span>
        <PatientLine subject={{ kind: 'cases', id: review.caseId }} patients={patients} />
        {own?.place === ADJUDICATOR && own.state !== 'signed' && <span>{words.adjudicate}</span>}
        {late && (
          <span class="small case-late">
            <Icon name="decide" size={16} />
            {caseWords.overdue(dayWords(review.dueOn!))}
          </span>
        )}
        <OutcomeNow review={review} />
        {review.isEarly && !isEnded(review.state) && <EarlyMark />}
        <span class="small quiet numbers">{about.join(reviewWords.separator)}</span>
      </span>
      <Icon name="chevron" size={16} turns />
    </a>
  );
}
