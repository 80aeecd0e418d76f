/** What is to be read: the reviews that wait for this person, then the studies without a reading. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import {
  REVIEW_LISTS,
  REVIEWERS,
  reviewListSchema,
  type ListedReview,
  type ReviewList,
} from '#shared/protocol/reviews.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { useManyPatients } from '../cases/parts/PatientLine.tsx';
import { HideNames } from '../kit/HideNames.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { ListSkeleton } from '../kit/ListSkeleton.tsx';
import { ListTable } from '../kit/ListTable.tsx';
import { MoreButton } from '../kit/MoreButton.tsx';
import { hrefOf } from '../kit/routes.ts';
import { createPagedList } from '../kit/paged-list.ts';
import { refreshInSight } from '../kit/refresh-in-sight.ts';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { useApi, useSession } from '../net/net-context.ts';
import { reviewWords } from './parts/review-words.ts';
import { REVIEW_NAME, reviewColumns } from './review-columns.tsx';
import { UnreadStudies } from './UnreadStudies.tsx';

const words = reviewWords.list;
const REFRESH_MS = 30_000;

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
    const stopRefreshing = refreshInSight(() => void pages.refresh(), REFRESH_MS);
    return () => {
      stopRefreshing();
      pages.close();
    };
  }, [pages]);
  return pages;
}

export function ReviewsView() {
  const roles = useSession().user.value?.roles ?? [];
  const mayRead = roles.some((role) => REVIEWERS.includes(role));
  const [list, setList] = useState<ReviewList>(mayRead ? 'todo' : 'all');
  const pages = usePages(list);
  const patients = useManyPatients();
  const columns = useMemo(() => reviewColumns(patients), [patients]);
  return (
    <main id="content" class="page stack" aria-busy={pages.answer.value.state === 'loading'}>
      <h1 tabIndex={-1}>{kitWords.pages.reviews}</h1>
      <div class="row reviews-tools">
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
        <HideNames />
        {roles.some((role) => CASE_KEEPERS.includes(role)) && (
          <a class="button button-bare" href={hrefOf({ page: 'reviews', id: 'types' })}>
            {words.types}
          </a>
        )}
      </div>
      <WhenKnown of={pages} loading={words.loading} waiting={ListSkeleton}>
        {({ reviews }, known) => (
          <>
            <ListTable
              id="reviews"
              label={kitWords.pages.reviews}
              rows={reviews}
              keyOf={({ id }) => id}
              name={REVIEW_NAME}
              hrefOf={({ id }) => hrefOf({ page: 'reviews', id })}
              columns={columns}
              empty={<p role="status">{words.empty[list](known)}</p>}
            />
            <MoreButton of={pages} />
          </>
        )}
      </WhenKnown>
      <UnreadStudies />
    </main>
  );
}
