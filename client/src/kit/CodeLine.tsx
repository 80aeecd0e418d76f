/** The small code below an error, for the administrator: readable, and copied with one touch. */
import { useState } from 'preact/hooks';
import { Icon } from './Icon.tsx';
import { kitWords } from './kit-words.ts';

export function CodeLine({ code }: { readonly code: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard?.writeText(code);
      setCopied(navigator.clipboard !== undefined);
    } catch {
      // The clipboard may be forbidden (an insecure origin, a policy): the code can still be read.
    }
  };
  return (
    <button
      type="button"
      class="code-line code quiet"
      aria-label={kitWords.codeOf(code)}
      onClick={() => void copy()}
    >
      <span class="code-text">{code}</span>
      <Icon name={copied ? 'pacs' : 'copy'} size={16} />
      <span aria-live="polite">{copied ? kitWords.copied : ''}</span>
    </button>
  );
}
