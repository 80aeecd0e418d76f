/** Shows why an administrator's request failed, and offers to repeat it. */
import { CodeLine } from '../kit/CodeLine.tsx';
import { Notice } from '../kit/Notice.tsx';
import type { Trouble } from './admin-trouble.ts';
import { adminWords as words } from './admin-words.ts';

type Props = { readonly trouble: Trouble; readonly onRetry: () => void };

export function AdminTrouble({ trouble, onRetry }: Props) {
  return (
    <div role="alert">
      <Notice kind={trouble.kind ?? 'stop'} title={trouble.title}>
        {trouble.next && <p>{trouble.next}</p>}
        {trouble.code && <CodeLine code={trouble.code} />}
        <button type="button" class="button" onClick={onRetry}>
          {words.retry}
        </button>
      </Notice>
    </div>
  );
}
