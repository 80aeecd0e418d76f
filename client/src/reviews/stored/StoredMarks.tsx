/** Section of the review page: whether the PACS has the marks of each reader, with links to the receipts. */
import type { ReviewAnnotations } from '#shared/protocol/annotations.ts';
import type { Review } from '#shared/protocol/reviews.ts';
import { InstanceRow } from '../../results/result/InstanceRow.tsx';
import { reviewWords } from '../parts/review-words.ts';
import { hrefOfMarks, saidOf, signOf, storedMarks } from './stored-marks.ts';
import { storedMarksWords as words } from './stored-marks-words.ts';

export type StoredMarksProps = { readonly review: Review; readonly annotations: ReviewAnnotations | null };

export function StoredMarks({ review, annotations }: StoredMarksProps) {
  const readers = storedMarks(review, annotations);
  if (readers.length === 0) return null;
  const now = new Date();
  return (
    <section class="stack-tight" aria-label={words.title}>
      <h2>{words.title}</h2>
      {readers.map(
        ({ place, title, said, isDrawn, reports }) =>
          reports.length === 0 && (
            <p key={place} class="small quiet">
              <bdi>{isDrawn ? [title, said].join(reviewWords.separator) : said}</bdi>
            </p>
          ),
      )}
      <div role="status">
        <ul class="plain result-instances">
          {readers
            .flatMap(({ reports }) => reports)
            .map((named) => (
              <InstanceRow
                key={named.name}
                state={signOf(named.report)}
                said={saidOf(named.report, now)}
                href={hrefOfMarks(review.id, named)}
              >
                <bdi>{named.title}</bdi>
              </InstanceRow>
            ))}
        </ul>
      </div>
    </section>
  );
}
