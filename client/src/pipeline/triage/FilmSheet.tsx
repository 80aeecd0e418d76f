/** A film that may have to be taken again, as large as the window, with what was noticed drawn on it and said beneath. It holds nothing back. */
import { Sheet } from '../../app/Sheet.tsx';
import { triageWords } from '../../app/triage-words.ts';
import { words } from '../../app/words.ts';
import { Picture } from '../ingest/ThumbnailPicture.tsx';
import { FilmMarks } from './FilmMarks.tsx';
import type { FilmWarning } from './triage.store.ts';

export type FilmSheetProps = { readonly warning: FilmWarning; readonly onAsItIs: () => void; readonly onClose: () => void };

export function FilmSheet({ warning, onAsItIs, onClose }: FilmSheetProps) {
  const { picture, marks, findings } = warning;
  const { width, height } = picture;
  return (
    <Sheet title={triageWords.repeat} onClose={onClose}>
      <div class="look-large film">
        <div class="film-box" role="img" aria-label={triageWords.picture} style={{ '--shape': width / height, aspectRatio: `${width} / ${height}` }}>
          <Picture thumbnail={picture} />
          <FilmMarks marks={marks} width={width} height={height} />
        </div>
      </div>
      <ul class="film-reasons">
        {findings.map((finding) => (
          <li key={finding} class="strong">
            {triageWords.findings[finding]}
          </li>
        ))}
      </ul>
      <p class="small quiet">
        {triageWords.mayBeWrong} {triageWords.notDiagnostic}.
      </p>
      <div class="sheet-actions">
        <button type="button" class="button" autofocus onClick={onClose}>
          {words.close}
        </button>
        {!warning.isSetAside && (
          <button type="button" class="button button-main" onClick={() => (onClose(), onAsItIs())}>
            {triageWords.asItIs}
          </button>
        )}
      </div>
    </Sheet>
  );
}
