/** The notice shown next to every finding of a model: on the pages of results, in a review and in a case. */
import { Icon } from './Icon.tsx';
import { kitWords } from './kit-words.ts';
import './not-for-diagnosis.css';

export function NotForDiagnosis() {
  return (
    <p class="not-for-diagnosis small">
      <Icon name="caution" size={20} />
      <span>
        <span class="strong">{kitWords.notForDiagnosis}.</span> {kitWords.notForDiagnosisWhat}
      </span>
    </p>
  );
}
