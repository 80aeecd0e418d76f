/** Replaces a picture that may show a name with a question whether to show it. */
import { useSession } from '../net/net-context.ts';
import { hidingOf, showPicture, type Hiding, type NamedPicture } from './hidden-pictures.ts';
import { viewerWords } from './viewer-words.ts';
import './hidden-picture.css';

const words = viewerWords.hidden;

export const useHiding = (picture: NamedPicture): Hiding => hidingOf(useSession().user.value, picture);

export function HiddenPicture({ picture }: { readonly picture: NamedPicture }) {
  const person = useSession().user.value;
  const isAsked = hidingOf(person, picture) === 'asks';
  return (
    <div class="hidden-picture small">
      <p>{isAsked ? words.asks : words.never}</p>
      {isAsked && (
        <button
          type="button"
          class="button"
          onClick={({ currentTarget }) => {
            // The button disappears, so its container gets the focus and a screen reader announces it.
            const place = currentTarget.closest<HTMLElement>('[aria-label], dialog, li');
            showPicture(person, picture);
            place?.setAttribute('tabindex', '-1');
            place?.focus({ preventScroll: true });
          }}
        >
          {words.show}
        </button>
      )}
    </div>
  );
}
