/** Saves all events that match the filters when the button is pressed as a CSV file on this device. */
import { troubleOf } from '../net/trouble-of.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { useState } from 'preact/hooks';
import { openAttempt } from '../kit/open-attempt.ts';
import { useApi } from '../net/net-context.ts';
import { saveFile } from '../net/save-file.ts';
import { queryOf, type AuditQuestion } from './audit-filters.ts';
import { auditWords as words } from './audit-words.ts';

export function SaveEvents({ questionNow }: { readonly questionNow: () => AuditQuestion }) {
  const api = useApi();
  const [{ isBusy, trouble, tried }] = useState(() => openAttempt(troubleOf));
  const save = () => {
    const query = [queryOf(questionNow(), new Date()), 'format=csv'].filter(Boolean).join('&');
    return tried(() => saveFile(api, `/audit/events?${query}`, words.fileName));
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
