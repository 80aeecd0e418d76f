/** How far the marks of each reader are on their way to the PACS, as far as the caller may know. */
import type { ReviewAnnotations, StoredAnnotations } from '#shared/protocol/annotations.ts';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import type { Review } from '#shared/protocol/reviews.ts';
import { formatMoment } from '../../kit/format.ts';
import { hrefOf } from '../../kit/routes.ts';
import { storedMarksWords as words } from './stored-marks-words.ts';

type MarksReport = StoredAnnotations['reports'][number];

/** Marks of a signed reading. `reports`: one for each study; empty: the marks were not sent, and `said` says why. */
type ReaderStored = {
  readonly place: number;
  readonly title: string;
  readonly said: string;
  /** Whether there are any marks. */
  readonly isDrawn: boolean;
  readonly reports: readonly NamedReport[];
};
export type NamedReport = {
  /** The part of the page's address after the review's id. */
  readonly name: string;
  readonly title: string;
  readonly report: MarksReport;
};

/** The marks of each reader, the adjudicator's last. Until the review is settled, only the caller's own. */
export function storedMarks(
  review: Pick<Review, 'places' | 'state'>,
  annotations: ReviewAnnotations | null,
): readonly ReaderStored[] {
  const isSettled = review.state === 'settled';
  return (annotations?.places ?? [])
    .filter(({ place, state }) => state === 'signed' && (isSettled || isMine(review, place)))
    .toSorted((a, b) => rankOf(a.place) - rankOf(b.place))
    .map(({ place, annotations: drawn, stored }) => {
      const reader = readerOf(review, place);
      const title = words.of(reader);
      const reports = stored?.reports ?? [];
      const isDrawn = reports.length > 0 || (!isSettled && drawn.length > 0);
      const unsent = review.state === 'withdrawn' ? words.withdrawn : words.onceSettled;
      return {
        ...{ place, title, isDrawn },
        said: isDrawn ? unsent : words.none(reader),
        reports: reports.map((report, at) => ({
          name: `${place}-${at + 1}`,
          title: words.report(title) + (reports.length > 1 ? words.ofStudy(at + 1) : ''),
          report,
        })),
      };
    });
}

const isMine = ({ places }: Pick<Review, 'places'>, place: number): boolean =>
  places.some((one) => one.place === place && one.isMine);

const rankOf = (place: number): number => (place === ADJUDICATOR ? Infinity : place);

function readerOf({ places }: Pick<Review, 'places'>, place: number): string {
  const reader = places.find((one) => one.place === place)?.reader;
  return reader?.username ?? words.reader(place);
}

export function saidOf({ state, because, confirmedAt, instance, waiting }: MarksReport, now: Date): string {
  switch (state) {
    case 'in-pacs':
      return words.inPacs(confirmedAt && formatMoment(new Date(confirmedAt), now));
    case 'waiting':
      return waiting === null ? words.making : words.notYet(words.waiting[waiting]);
    case 'refused':
      return words.refused(words.because[because ?? instance?.state ?? ''] ?? words.otherwise);
    default:
      return state satisfies never;
  }
}

/** The state in the form that the row of an instance expects. */
export const signOf = ({ state, instance }: MarksReport): string =>
  state === 'refused' ? 'refused' : (instance?.state ?? 'promised');

/** Addresses contain no UIDs: `{review}_{place}-{study}`. */
export const hrefOfMarks = (reviewId: string, { name }: NamedReport): string =>
  hrefOf({ page: 'reviews', id: `${reviewId}_${name}` });

/** Null: the id is the address of the review itself. */
export function marksIn(id: string): { readonly reviewId: string; readonly name: string } | null {
  const [reviewId = '', name] = id.split('_');
  return name === undefined ? null : { reviewId, name };
}

/** The PACS has not confirmed all of the marks yet, but may still do so. */
export const areUnderWay = (annotations: ReviewAnnotations | null): boolean =>
  (annotations?.places ?? []).some(({ stored }) =>
    stored?.reports.some(({ state, receipt }) => state !== 'refused' && receipt === null),
  );
