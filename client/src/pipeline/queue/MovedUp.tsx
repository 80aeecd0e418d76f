/** Says that the automatic check moved a study up. */
import { Icon } from '../../kit/Icon.tsx';
import { triageWords } from './triage-words.ts';

export function MovedUp() {
  return (
    <p class="triage-line small">
      <Icon name="up" size={20} />
      <span>
        <span class="strong">{triageWords.first}</span>{' '}
        <span class="quiet">
          {triageWords.firstBy}. {triageWords.notDiagnostic}.
        </span>
      </span>
    </p>
  );
}
