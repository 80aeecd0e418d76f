/**
 * The results of the models on this device, on a study's card. The line is present from the start, so that nothing
 * moves when they arrive.
 */
import { useState } from 'preact/hooks';
import { useTriage } from './triage-context.ts';
import { Icon } from '../../kit/Icon.tsx';
import { MovedUp } from '../queue/MovedUp.tsx';
import { isToRepeat } from '../queue/film-faults.ts';
import { triageWords } from '../queue/triage-words.ts';
import { turnWords } from './turn-words.ts';
import type { FoundStudy } from '../ingest/found/found-study.ts';
import { FilmSheet } from './FilmSheet.tsx';
import type { FilmWarning, StudyTriage } from './triage.store.ts';

type NotesProps = { readonly study: FoundStudy; readonly name: string };

export function TriageNotes({ study, name }: NotesProps) {
  const triage = useTriage().value?.store.of(study).value;
  if (!triage) return null;
  return (
    <div class="triage">
      <Said triage={triage} />
      {/* New warnings are announced; that an image was looked at is not. */}
      <div class="triage-warnings" role="status">
        {triage.blank > 0 && <Blank count={triage.blank} />}
        {triage.warnings.map((warning, nth) => (
          <Warning
            key={warning.ordinal}
            study={study}
            name={name}
            warning={warning}
            at={nth + 1}
            of={triage.warnings.length}
          />
        ))}
      </div>
    </div>
  );
}

/** The one line of the models, whatever their result is. */
function Said({ triage }: { readonly triage: StudyTriage }) {
  const { films, images, looked, unseen, first, outside, warnings } = triage;
  const judged = looked - unseen - triage.notJudged - triage.blank;
  if (looked < images) return <p class="triage-line small quiet">{triageWords.looking(images)}</p>;
  if (first) return <MovedUp />;
  if (warnings.length > 0 && !outside) return null;
  if (unseen === images) return <p class="triage-line small quiet">{triageWords.unseen}</p>;
  if (judged === 0 && triage.notJudged === 0) return null;
  const said = outside
    ? triageWords[warnings.length > 0 ? 'outside' : 'outsideNotJudged']
    : judged === 0
      ? triageWords.notJudged
      : triageWords.looked(judged, films);
  return <p class="triage-line small quiet">{`${said}. ${triageWords.notDiagnostic}.`}</p>;
}

/** Measured and not judged: no model is involved. */
function Blank({ count }: { readonly count: number }) {
  return (
    <div class="triage-warning">
      <Icon name="caution" size={20} />
      <p class="small">
        <span class="strong">{triageWords.blank(count)}</span> {triageWords.blankNext}
      </p>
    </div>
  );
}

type WarningProps = NotesProps & { readonly warning: FilmWarning; readonly at: number; readonly of: number };

function Warning({ study, name, warning, at, of }: WarningProps) {
  const [isOpen, setOpen] = useState(false);
  const { findings, isSetAside } = warning;
  const toRepeat = findings.some(isToRepeat);
  const isOfMany = of > 1;
  return (
    <div class="triage-warning" data-set-aside={isSetAside || !toRepeat}>
      <Icon name={isSetAside || !toRepeat ? 'note' : 'caution'} size={20} />
      <p class="small">
        {toRepeat && (
          <>
            <span class="strong">
              {isSetAside ? triageWords.setAside : isOfMany ? triageWords.repeatOne(at) : triageWords.repeat}
            </span>{' '}
          </>
        )}
        <span>
          {isSetAside
            ? triageWords.setAsideWhat
            : findings.map((finding) => triageWords.findings[finding]).join(' ')}
        </span>{' '}
        {!toRepeat && (
          <>
            <span class="strong">{isOfMany ? turnWords.titleOne(at) : turnWords.title}.</span>{' '}
            {turnWords.what}{' '}
          </>
        )}
        <span class="quiet">{triageWords.notDiagnostic}.</span>
      </p>
      <button
        type="button"
        class="button triage-look"
        aria-haspopup="dialog"
        aria-label={(toRepeat ? triageWords.lookOf : turnWords.turnOf)(at, name)}
        onClick={() => setOpen(true)}
      >
        {toRepeat ? triageWords.look : turnWords.turn}
      </button>
      {isOpen && <FilmSheet study={study} name={name} warning={warning} onClose={() => setOpen(false)} />}
    </div>
  );
}
