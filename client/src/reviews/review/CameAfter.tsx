/** Notes and readings that were added to a case after one of its reviews was settled, at the top of the case page. */
import type { Review } from '#shared/protocol/reviews.ts';
import { caseWords } from '../../cases/parts/case-words.ts';
import { formatMoment } from '../../kit/format.ts';
import { typedSaid } from '../../kit/identities.ts';
import { Notice } from '../../kit/Notice.tsx';
import { hrefOf } from '../../kit/routes.ts';
import { afterOf } from '../parts/outcome-of.ts';
import { reviewWords } from '../parts/review-words.ts';

const words = reviewWords.after;
const noteWords = caseWords.notes;

export function CameAfter({ review }: { readonly review: Review }) {
  const { laterNotes, readingsAfter } = review;
  if (afterOf(review) === null) return null;
  return (
    <Notice kind="wait" title={words.title}>
      <p>{words.what}</p>
      <ul class="plain stack-tight">
        {laterNotes.map(({ id, kind, text, by, at }) => (
          <li key={id}>
            <p class="small numbers">{words.noteBy(by ?? noteWords.reader, momentOf(at))}</p>
            <p class="case-note-text">
              {noteWords.kinds[kind]}
              {text === null ? noteWords.gone : <bdi>{typedSaid(text)}</bdi>}
            </p>
          </li>
        ))}
        {readingsAfter.map(({ id, title, by, at }) => (
          <li key={id}>
            <a class="case-result" href={hrefOf({ page: 'reviews', id })}>
              {words.readAgainAt(by, title, momentOf(at))}
            </a>
          </li>
        ))}
      </ul>
    </Notice>
  );
}

const momentOf = (at: string): string => formatMoment(new Date(at), new Date());
