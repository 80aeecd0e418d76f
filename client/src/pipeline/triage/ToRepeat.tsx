/**
 * Above Send: the number of chosen studies with films that may have to be repeated, because their cards may be far
 * below. This does not hold anything back.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useTriage } from './triage-context.ts';
import { nameSaid } from '../../kit/identities.ts';
import { Icon } from '../../kit/Icon.tsx';
import { triageWords } from '../queue/triage-words.ts';
import { titleWords } from '../queue/title-words.ts';
import type { FoundStudy } from '../ingest/found/found-study.ts';
import { isToRepeat } from '../queue/film-faults.ts';
import { FilmSheet } from './FilmSheet.tsx';

export function ToRepeat({ chosen }: { readonly chosen: readonly FoundStudy[] }) {
  const store = useTriage().value?.store;
  const [opened, setOpened] = useState<FoundStudy | null>(null);
  const warned = store?.warned.value;
  const studies =
    warned && warned.size > 0 ? chosen.filter(({ studyInstanceUID }) => warned.has(studyInstanceUID)) : [];
  const warning =
    opened &&
    store
      ?.of(opened)
      .value?.warnings.find(({ isSetAside, findings }) => !isSetAside && findings.some(isToRepeat));
  // The last film was answered, so the button that had the focus is gone.
  const before = useRef(0);
  useEffect(() => {
    const isLastAnswered = before.current > 0 && studies.length === 0;
    before.current = studies.length;
    if (isLastAnswered && document.activeElement === document.body)
      document.querySelector<HTMLElement>('#content h1')?.focus({ preventScroll: true });
  }, [studies.length]);
  if (!studies[0]) return null;
  return (
    <>
      <div class="pace pace-wait send-forecast send-repeat">
        <Icon name="caution" size={20} />
        <p class="small">{triageWords.repeatStudies(studies.length)}</p>
        <button
          type="button"
          class="button"
          aria-haspopup="dialog"
          onClick={() => setOpened(studies[0] ?? null)}
        >
          {triageWords.look}
        </button>
      </div>
      {opened && warning && (
        <FilmSheet
          study={opened}
          name={nameSaid(opened.patientName) ?? titleWords.noPatient}
          warning={warning}
          onClose={() => setOpened(null)}
        />
      )}
    </>
  );
}
