/** Below the part of a list that is here: asks for the next page; nothing where this is all of it. */
import { kitWords } from './kit-words.ts';
import type { Resource } from './resource.ts';

export type MoreButtonProps = {
  /** `next` null: there is no further page. */
  readonly of: Pick<Resource<{ readonly next: string | null }, unknown>, 'value' | 'isAsking'>;
  readonly onMore: () => Promise<void>;
  readonly label?: string;
};

export function MoreButton({ of, onMore, label = kitWords.more }: MoreButtonProps) {
  if (!of.value.value?.next) return null;
  return (
    <p class="list-more">
      <button type="button" class="button" disabled={of.isAsking.value} onClick={() => void onMore()}>
        {label}
      </button>
    </p>
  );
}
