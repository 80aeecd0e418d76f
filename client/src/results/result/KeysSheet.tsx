/** The list of single keys, and the switch that turns them off (WCAG 2.2 SC 2.1.4). */
import { kitWords } from '../../kit/kit-words.ts';
import { Sheet } from '../../kit/Sheet.tsx';
import type { LookStore } from '../parts/look.store.ts';
import { resultWords } from '../parts/result-words.ts';

const said = resultWords.keys;

export function KeysSheet({ look, onClose }: { readonly look: LookStore; readonly onClose: () => void }) {
  return (
    <Sheet title={said.title} onClose={onClose}>
      <dl class="keys">
        {said.list.map(([key, what]) => (
          <div key={key} class="key">
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label class="choice hairline">
        <input
          type="checkbox"
          class="tick"
          checked={look.singleKeys.value}
          onChange={(event) => (look.singleKeys.value = event.currentTarget.checked)}
        />
        <span>
          {said.on}
          <span class="small quiet keys-what">{said.onWhat}</span>
        </span>
      </label>
      <div class="sheet-actions">
        <button type="button" class="button" autofocus onClick={onClose}>
          {kitWords.close}
        </button>
      </div>
    </Sheet>
  );
}
