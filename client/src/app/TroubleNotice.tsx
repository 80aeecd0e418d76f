/** Why signing in, or changing a password, was refused, and what to do. */
import { CodeLine } from '../kit/CodeLine.tsx';
import { Notice } from '../kit/Notice.tsx';
import type { Trouble } from './trouble-of.ts';

export function TroubleNotice({ trouble }: { readonly trouble: Trouble }) {
  return (
    <Notice kind={trouble.kind ?? 'stop'} title={trouble.title}>
      {trouble.next && <p>{trouble.next}</p>}
      {trouble.code && <CodeLine code={trouble.code} />}
    </Notice>
  );
}
