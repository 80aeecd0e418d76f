/** The events of a review, including when the PACS received the marks of each reader. */
import type { Result } from '#shared/protocol/inference.ts';
import type { Review } from '#shared/protocol/reviews.ts';
import { formatMoment } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { reviewWords } from '../parts/review-words.ts';
import { saidDecision } from '../parts/said-decision.ts';
import type { StoredMarksProps } from '../stored/StoredMarks.tsx';
import { storedMarksWords } from '../stored/stored-marks-words.ts';

type Happened = { readonly at: string; readonly said: string };

type HistoryProps = StoredMarksProps & {
  /** Results of models; null: not known yet. */
  readonly found: readonly Result[] | null;
};

export function History({ review, annotations, found }: HistoryProps) {
  const steps = review.history.map((step) => ({ at: step.at, said: saidOf(step, review, found) }));
  const happened = [...steps, ...arrivals(review, annotations)].toSorted((a, b) => a.at.localeCompare(b.at));
  return (
    <details class="disclosure">
      <summary>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {reviewWords.history}
      </summary>
      <ol class="plain case-timeline">
        {happened.map(({ at, said }) => (
          <li key={`${at} ${said}`}>
            <span class="small quiet numbers">{formatMoment(new Date(at), new Date())}</span>
            <bdi class="small">{said}</bdi>
          </li>
        ))}
      </ol>
    </details>
  );
}

function saidOf(
  { step, place, by, to, decision, at }: Review['history'][number],
  review: Review,
  found: HistoryProps['found'],
): string {
  const decided = decision && saidDecision({ decision, place, at }, review, found);
  return [reviewWords.steps[step], decided, by, to !== by && to].filter(Boolean).join(reviewWords.separator);
}

/** The time at which the PACS had the marks, by the first receipt that names them. */
const arrivals = (review: Review, annotations: StoredMarksProps['annotations']): readonly Happened[] =>
  (annotations?.places ?? []).flatMap(({ place, stored }) => {
    const reader = review.places.find((one) => one.place === place)?.reader?.username;
    return (stored?.reports ?? []).flatMap(({ confirmedAt }) =>
      confirmedAt === null
        ? []
        : {
            at: confirmedAt,
            said: [storedMarksWords.happened, reader].filter(Boolean).join(reviewWords.separator),
          },
    );
  });
