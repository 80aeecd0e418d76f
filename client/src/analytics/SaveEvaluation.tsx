/** Every prediction of the period as a CSV file on this device, under pseudonyms. */
import { useSignal } from '@preact/signals';
import { CaseTroubleNotice } from '../cases/CaseParts.tsx';
import { troubleOf, type CaseTrouble } from '../cases/case-trouble.ts';
import { problemOf, type ApiClient } from '../net/api-client.ts';
import { useApi } from '../net/net-context.ts';
import { analyticsWords } from './analytics-words.ts';

const words = analyticsWords.evaluation;

export function SaveEvaluation({ query }: { readonly query: string }) {
  const api = useApi();
  const isBusy = useSignal(false);
  const trouble = useSignal<CaseTrouble | null>(null);
  const save = async () => {
    isBusy.value = true;
    trouble.value = null;
    try {
      await saveFile(api, query);
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
      <CaseTroubleNotice trouble={trouble.value} />
    </div>
  );
}

async function saveFile(api: ApiClient, query: string): Promise<void> {
  const answer = await api.send(`/evaluation?${query}`, { headers: { accept: 'text/csv' } });
  if (!answer.ok) throw await problemOf(answer);
  const said = new URLSearchParams(query);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await answer.blob());
  link.download = words.file(said.get('from') ?? '', said.get('to') ?? '');
  link.click();
  URL.revokeObjectURL(link.href);
}
