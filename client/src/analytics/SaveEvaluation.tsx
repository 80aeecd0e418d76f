/** Saves every prediction of the period as a CSV file on this device, with pseudonyms. */
import { useSignal } from '@preact/signals';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { useApi } from '../net/net-context.ts';
import { saveFile } from '../net/save-file.ts';
import { analyticsWords } from './analytics-words.ts';

const words = analyticsWords.evaluation;

export function SaveEvaluation({ query }: { readonly query: string }) {
  const api = useApi();
  const isBusy = useSignal(false);
  const trouble = useSignal<Trouble | null>(null);
  const save = async () => {
    isBusy.value = true;
    trouble.value = null;
    try {
      const period = new URLSearchParams(query);
      const name = words.file(period.get('from') ?? '', period.get('to') ?? '');
      await saveFile(api, `/evaluation?${query}`, name);
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
