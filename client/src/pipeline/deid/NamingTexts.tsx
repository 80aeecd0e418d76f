/**
 * The texts of an instance that repeat identifying values of other instances. They are shown in full, because a
 * person decides by them.
 */
import { useEffect, useState } from 'preact/hooks';
import { loadKeywords } from '#shared/dicom/dictionary.ts';
import { typedSaid } from '../../kit/identities.ts';
import type { FoundFile } from '../ingest/found/group-studies.ts';
import { nameField } from './name-field.ts';

/** Null until they are loaded; empty if they cannot be loaded, in which case fields are shown with their tags. */
function useKeywords(isNeeded: boolean): ReadonlyMap<number, string> | null {
  const [keywords, setKeywords] = useState<ReadonlyMap<number, string> | null>(null);
  useEffect(() => {
    if (isNeeded) loadKeywords().then(setKeywords, () => setKeywords(new Map()));
  }, [isNeeded]);
  return keywords;
}

export function NamingTexts({ found: { naming } }: { readonly found: Pick<FoundFile, 'naming'> }) {
  const keywords = useKeywords(naming.length > 0);
  if (naming.length === 0) return null;
  return (
    <ul class="held-texts">
      {naming.map(({ path, text }) => (
        <li key={path} class="small">
          <span class="quiet">{keywords && nameField(path, keywords)}</span>{' '}
          <bdi class="kept">{typedSaid(text.trim())}</bdi>
        </li>
      ))}
    </ul>
  );
}
