/** The texts of an instance that hold what other instances name, whole: a person decides by them. */
import type { FoundFile } from '../ingest/group-studies.ts';

export function NamingTexts({ found: { naming } }: { readonly found: Pick<FoundFile, 'naming'> }) {
  if (naming.length === 0) return null;
  return (
    <ul class="held-texts">
      {naming.map(({ path, text }) => (
        <li key={path} class="small">
          <span class="quiet numbers">{path}</span> <bdi class="kept">{text.trim()}</bdi>
        </li>
      ))}
    </ul>
  );
}
