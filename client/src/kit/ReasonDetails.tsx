/** Below the sentence for a reason: its code and, if the sentence covers many faults, the precise fault. */
import { CodeLine } from './CodeLine.tsx';
import { Icon } from './Icon.tsx';
import { kitWords } from './kit-words.ts';
import { sentencesOfReason } from './reason-sentences.ts';

export function ReasonDetails({ code }: { readonly code: string }) {
  const precise = sentencesOfReason(code)?.precise;
  if (!precise) return <CodeLine code={code} />;
  return (
    <details class="disclosure">
      <summary class="small">
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {kitWords.details}
      </summary>
      <p class="small">{precise}</p>
      <CodeLine code={code} />
    </details>
  );
}
