/** All events that are looked for as a CSV file on this device. */
import { useSignal } from '@preact/signals';
import { troubleOf, type Trouble } from '../admin/admin-trouble.ts';
import { Notice } from '../kit/Notice.tsx';
import { useApi } from '../net/net-context.ts';
import { saveFile } from '../net/save-file.ts';
import { queryOf, type AuditQuestion } from './audit-filters.ts';
import { auditWords as words } from './audit-words.ts';

export function SaveEvents({ question }: { readonly question: AuditQuestion }) {
  const api = useApi();
  const isBusy = useSignal(false);
  const trouble = useSignal<Trouble | null>(null);
  const save = async () => {
    isBusy.value = true;
    trouble.value = null;
    try {
      const query = [queryOf(question, new Date()), 'format=csv'].filter(Boolean).join('&');
      await saveFile(api, `/audit/events?${query}`, words.fileName);
    } catch (error) {
      trouble.value = troubleOf(error);
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <div>
      <button type="button" class="button" disabled={isBusy.value} onClick={() => void save()}>
        {isBusy.value ? words.saving : words.save}
      </button>
      <div role="alert">
        {trouble.value && (
          <Notice kind="stop" title={trouble.value.title}>
            {trouble.value.next && <p>{trouble.value.next}</p>}
          </Notice>
        )}
      </div>
    </div>
  );
}
