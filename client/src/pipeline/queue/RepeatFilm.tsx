/**
 * Warnings about the films of a queued study. Its card is gone by then, but the patient may still be there,
 * so the warnings are repeated here.
 */
import { Icon } from '../../kit/Icon.tsx';
import type { FilmFault } from './film-faults.ts';
import { triageWords } from './triage-words.ts';
import type { QueuedStudy } from './queued-study.ts';

const sayFault = (fault: FilmFault): string =>
  fault === 'blank' ? triageWords.showsNothing : triageWords.findings[fault];

export function RepeatFilm({ study: { film, state } }: { readonly study: QueuedStudy }) {
  if (film.length === 0 || state === 'taken-back') return null;
  return (
    <div class="triage-warning repeat-film">
      <Icon name="caution" size={20} />
      <p class="small">
        <span class="strong">{triageWords.repeat}</span> {film.map(sayFault).join(' ')}{' '}
        <span class="quiet">{triageWords.notDiagnostic}.</span>
      </p>
    </div>
  );
}
