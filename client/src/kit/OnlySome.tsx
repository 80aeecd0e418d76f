/** Above a filtered list: says what is listed, with a button that shows everything. */
import { kitWords } from './kit-words.ts';

type OnlySomeProps = { readonly said: string; readonly onShowAll: () => void };

export function OnlySome({ said, onShowAll }: OnlySomeProps) {
  return (
    <div class="row small">
      <span>{said}</span>
      <button type="button" class="button button-bare" onClick={onShowAll}>
        {kitWords.showAll}
      </button>
    </div>
  );
}
