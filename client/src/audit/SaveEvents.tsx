/** All events that the filters name when the button is pressed, as a CSV file on this device. */
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { useSignal } from '@preact/signals';
import { useApi } from '../net/net-context.ts';
import { saveFile } from '../net/save-file.ts';
import { queryOf, type AuditQuestion } from './audit-filters.ts';
import { auditWords as words } from './audit-words.ts';

export function SaveEvents({ questionNow }: { readonly questionNow: () => AuditQuestion }) {
  const api = useApi();
  const isBusy = useSignal(false);
  const trouble = useSignal<Trouble | null>(null);
  const save = async () => {
    isBusy.value = true;
    trouble.value = null;
    try {
      const query = [queryOf(questionNow(), new Date()), 'format=csv'].filter(Boolean).join('&');
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
      <TroubleAlert trouble={trouble.value} />
    </div>
  );
}
