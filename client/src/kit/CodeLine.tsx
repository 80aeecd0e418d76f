/**
 * The small code beneath an error, for the one who is asked about it: readable, and copied with one touch.
 */
import { useState } from 'preact/hooks';
import { Icon } from './Icon.tsx';
import { kitWords } from './kit-words.ts';

export function CodeLine({ code }: { readonly code: string }) {
  const [copied, setCopied] = useState(false);
  // The clipboard may be forbidden (an insecure origin, a policy): then the code can still be read.
  const copy = () =>
    navigator.clipboard?.writeText(code).then(
      () => setCopied(true),
      () => undefined,
    );
  return (
    <button type="button" class="code-line code quiet" aria-label={kitWords.codeOf(code)} onClick={copy}>
      <span class="code-text">{code}</span>
      <Icon name={copied ? 'pacs' : 'copy'} size={16} />
      <span aria-live="polite">{copied ? kitWords.copied : ''}</span>
    </button>
  );
}
