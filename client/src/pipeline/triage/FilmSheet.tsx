/**
 * A film that may have to be taken again, as large as the window, with the findings drawn on it and listed
 * below. It offers both answers: repeat the film, and do not send its study, or send it as it is. Without an
 * answer nothing is held back.
 */
import { Sheet } from '../../kit/Sheet.tsx';
import { triageWords } from './triage-words.ts';
import { useIngest } from '../ingest/ingest-context.ts';
import { useTriage } from './triage-context.ts';
import { kitWords } from '../../kit/kit-words.ts';
import type { FoundStudy } from '../ingest/found-study.ts';
import { Picture } from '../ingest/ThumbnailPicture.tsx';
import { FilmMarks } from './FilmMarks.tsx';
import type { FilmWarning } from './triage.store.ts';

export type FilmSheetProps = {
  readonly study: FoundStudy;
  readonly name: string;
  readonly warning: FilmWarning;
  readonly onClose: () => void;
};

export function FilmSheet({ study, name, warning, onClose }: FilmSheetProps) {
  const ingest = useIngest();
  const triage = useTriage();
  const { picture, marks, findings } = warning;
  const goes = study.selected.value;
  const doNotSend = () => {
    onClose();
    ingest.toggle(study.studyInstanceUID);
  };
  const asItIs = () => {
    onClose();
    triage.value?.store.setAside(study, warning.ordinal, true);
  };
  const { width, height } = picture;
  return (
    <Sheet title={triageWords.repeat} onClose={onClose}>
      <p class="small film-name kept">
        <bdi>{name}</bdi>
      </p>
      <div class="look-large film">
        <div
          class="film-box"
          role="img"
          aria-label={triageWords.picture}
          style={{ '--shape': width / height, aspectRatio: `${width} / ${height}` }}
        >
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
        {triageWords.mayBeWrong} {triageWords.notDiagnostic}.{' '}
        {goes ? triageWords.howToRepeat : triageWords.doesNotGo}
      </p>
      <div class="sheet-actions">
        <button type="button" class="button" autofocus onClick={onClose}>
          {kitWords.close}
        </button>
        {goes && (
          <button type="button" class="button" onClick={doNotSend}>
            {triageWords.doNotSend}
          </button>
        )}
        {goes && !warning.isSetAside && (
          <button type="button" class="button" onClick={asItIs}>
            {triageWords.asItIs}
          </button>
        )}
      </div>
    </Sheet>
  );
}
