/**
 * The keyboard shortcuts of the image. They work only while the image has the focus, so that no key is lost for the
 * rest of the page.
 */
import { kitWords } from '../../kit/kit-words.ts';
import { Sheet } from '../../kit/Sheet.tsx';
import { markWords } from './mark-words.ts';

const words = markWords.sheet;

export function ViewerKeys({ onClose }: { readonly onClose: () => void }) {
  return (
    <Sheet title={words.title} onClose={onClose}>
      <p class="small quiet">{words.what}</p>
      <dl class="viewer-keys">
        {words.list.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="sheet-actions">
        <button type="button" class="button" autofocus onClick={onClose}>
          {kitWords.close}
        </button>
      </div>
    </Sheet>
  );
}
