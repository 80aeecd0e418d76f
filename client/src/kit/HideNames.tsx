/** The switch that hides whose study it is, and the button that shows names again on a page that needs them. */
import { hideNames, namesHidden } from './identities.ts';
import { kitWords } from './kit-words.ts';

export function HideNames() {
  return (
    <label class="choice">
      <input
        type="checkbox"
        class="tick"
        checked={namesHidden.value}
        onChange={(event) => hideNames(event.currentTarget.checked)}
      />
      <span>{kitWords.hideNames}</span>
    </label>
  );
}

export function ShowNames() {
  return (
    <button type="button" class="button" onClick={() => hideNames(false)}>
      {kitWords.showNames}
    </button>
  );
}
