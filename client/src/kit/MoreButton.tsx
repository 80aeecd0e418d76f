/**
 * The button below a list that loads the next page. Draws nothing when the list is complete. It is never disabled, so
 * that a refresh of the list does not take its focus.
 */
import { kitWords } from './kit-words.ts';
import type { PagedList } from './paged-list.ts';

type MoreButtonProps = {
  /** `next` null: there is no further page. */
  readonly of: Pick<PagedList<{ readonly next: string | null }, unknown>, 'value' | 'isAsking' | 'more'>;
  readonly label?: string;
};

export function MoreButton({ of, label = kitWords.more }: MoreButtonProps) {
  if (!of.value.value?.next) return null;
  return (
    <p class="list-more">
      <button type="button" class="button" aria-disabled={of.isAsking.value} onClick={() => void of.more()}>
        {label}
      </button>
    </p>
  );
}
