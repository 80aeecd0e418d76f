/**
 * A film with a fault, as large as the window, with the findings drawn on it and listed below. A rotated or inverted
 * film is corrected on the screen only. A film that may have to be repeated offers both answers: repeat it and do not
 * send its study, or send it as it is. Without an answer nothing is held back.
 */
import { useState } from 'preact/hooks';
import { Sheet } from '../../kit/Sheet.tsx';
import { triageWords } from '../queue/triage-words.ts';
import { useIngest } from '../ingest/found/ingest-context.ts';
import { useTriage } from './triage-context.ts';
import { kitWords } from '../../kit/kit-words.ts';
import type { FoundStudy } from '../ingest/found/found-study.ts';
import { Picture } from '../ingest/card/ThumbnailPicture.tsx';
import { isToRepeat, uprightOf, type Upright } from '../queue/film-faults.ts';
import { FilmMarks } from './FilmMarks.tsx';
import { turnWords } from './turn-words.ts';
import type { FilmWarning } from './triage.store.ts';

type FilmSheetProps = {
  readonly study: FoundStudy;
  readonly name: string;
  readonly warning: FilmWarning;
  readonly onClose: () => void;
};

export function FilmSheet({ study, name, warning, onClose }: FilmSheetProps) {
  const { marks, findings } = warning;
  const toRepeat = findings.some(isToRepeat);
  const upright = uprightOf(marks);
  // A film without another fault is opened in order to be turned; one that may be repeated, to see why.
  const [isTurned, setTurned] = useState(!toRepeat);
  return (
    <Sheet title={toRepeat ? triageWords.repeat : turnWords.title} onClose={onClose}>
      <p class="small film-name kept">
        <bdi>{name}</bdi>
      </p>
      <Film warning={warning} upright={isTurned ? upright : null} />
      <ul class="film-reasons">
        {findings.map((finding) => (
          <li key={finding} class="strong">
            {triageWords.findings[finding]}
          </li>
        ))}
      </ul>
      <p class="small quiet">
        {triageWords.mayBeWrong} {triageWords.notDiagnostic}.{' '}
        {toRepeat && (study.selected.value ? triageWords.howToRepeat : triageWords.doesNotGo)}{' '}
        {isTurned && upright && turnWords.turned}
      </p>
      <div class="sheet-actions">
        <button type="button" class="button" autofocus onClick={onClose}>
          {kitWords.close}
        </button>
        {upright && (
          <button type="button" class="button" onClick={() => setTurned(!isTurned)}>
            {isTurned ? turnWords.asStored : turnWords.turn}
          </button>
        )}
        {toRepeat && <Answers study={study} warning={warning} onClose={onClose} />}
      </div>
    </Sheet>
  );
}

/** The film with its marks, or upright. Only the picture on the screen is turned, not the instance that is sent. */
function Film({
  warning: { picture, marks },
  upright,
}: {
  readonly warning: FilmWarning;
  readonly upright: Upright | null;
}) {
  const isAcross = upright !== null && upright.degrees % 180 !== 0;
  const width = isAcross ? picture.height : picture.width;
  const height = isAcross ? picture.width : picture.height;
  const turn = upright && {
    // The turned picture fills the box. If it lies across, its own width is the height of the box.
    inlineSize: `${(100 * picture.width) / width}%`,
    transform: `translate(-50%, -50%) rotate(${upright.degrees}deg)`,
    filter: upright.isInverted ? 'invert(1)' : 'none',
  };
  return (
    <div class="look-large film">
      <div
        class="film-box"
        role="img"
        aria-label={upright ? turnWords.picture : triageWords.picture}
        data-turned={upright !== null}
        style={{ '--shape': width / height, aspectRatio: `${width} / ${height}` }}
      >
        <div class="film-turn" style={turn ?? {}}>
          <Picture thumbnail={picture} />
        </div>
        {!upright && <FilmMarks marks={marks} width={picture.width} height={picture.height} />}
      </div>
    </div>
  );
}

/** The two answers: repeat the film and do not send its study, or send it as it is. */
function Answers({ study, warning, onClose }: Omit<FilmSheetProps, 'name'>) {
  const ingest = useIngest();
  const triage = useTriage();
  if (!study.selected.value) return null;
  const doNotSend = () => {
    onClose();
    ingest.toggle(study.studyInstanceUID);
  };
  const asItIs = () => {
    onClose();
    triage.value?.store.setAside(study, warning.ordinal, true);
  };
  return (
    <>
      <button type="button" class="button" onClick={doNotSend}>
        {triageWords.doNotSend}
      </button>
      {!warning.isSetAside && (
        <button type="button" class="button" onClick={asItIs}>
          {triageWords.asItIs}
        </button>
      )}
    </>
  );
}
