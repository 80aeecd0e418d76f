/** Imports a list of orders. The list is checked first, and imported completely or not at all. */
import { useSignal } from '@preact/signals';
import { orderImportSchema, type OrderFault, type OrderImport } from '#shared/protocol/worklist.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { problemOf, type ApiClient } from '../net/api-client.ts';
import { useApi } from '../net/net-context.ts';
import { importWords as words } from './worklist-words.ts';

/** `answer` null: the file is being checked. */
type Chosen = { readonly file: File; readonly answer: OrderImport | null };

/** Throws ApiProblem, Unreachable. */
async function bring(api: ApiClient, file: File, isDryRun: boolean): Promise<OrderImport> {
  const answer = await api.send(`/worklist/import?dryRun=${isDryRun}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: file,
  });
  if (!answer.ok) throw await problemOf(answer);
  return orderImportSchema.parse(await answer.json());
}

export function ImportOrdersSheet({ onClose }: { readonly onClose: () => void }) {
  const api = useApi();
  const chosen = useSignal<Chosen | null>(null);
  const trouble = useSignal<Trouble | null>(null);
  const busy = useSignal(false);
  const send = async (file: File, isDryRun: boolean): Promise<void> => {
    trouble.value = null;
    busy.value = true;
    if (isDryRun) chosen.value = { file, answer: null };
    try {
      chosen.value = { file, answer: await bring(api, file, isDryRun) };
    } catch (error) {
      chosen.value = null;
      trouble.value = troubleOf(error);
    } finally {
      busy.value = false;
    }
  };
  const answer = chosen.value?.answer ?? null;
  const isReady = answer !== null && answer.faults.length === 0 && answer.valid > 0 && answer.imported === 0;
  return (
    <Sheet title={words.title} onClose={onClose}>
      <div class="stack sheet-part">
        <p class="quiet">{words.what}</p>
        <p class="small quiet">{words.further}</p>
        <label class="field">
          <span>{words.file}</span>
          <input
            type="file"
            accept=".csv,text/csv"
            disabled={busy.value}
            onChange={({ currentTarget }) => {
              const [file] = currentTarget.files ?? [];
              if (file) void send(file, true);
            }}
          />
        </label>
        <div role="status">{answer && <Said answer={answer} />}</div>
        <div role="alert">{trouble.value && <Failed trouble={trouble.value} />}</div>
        <div class="sheet-actions">
          <button type="button" class="button" onClick={onClose}>
            {answer !== null && answer.imported > 0 ? words.done : kitWords.cancel}
          </button>
          {isReady && (
            <button
              type="button"
              class="button button-main"
              disabled={busy.value}
              onClick={() => void send(chosen.value!.file, false)}
            >
              {words.bring(answer.valid)}
            </button>
          )}
        </div>
      </div>
    </Sheet>
  );
}

function Failed({ trouble: { title, next } }: { readonly trouble: Trouble }) {
  return (
    <Notice kind="stop" title={title}>
      {next && <p>{next}</p>}
    </Notice>
  );
}

function Said({ answer }: { readonly answer: OrderImport }) {
  const { valid, imported, faults, moreFaults } = answer;
  if (faults.length === 0)
    return <p class="strong">{imported > 0 ? words.imported(imported) : words.valid(valid)}</p>;
  return (
    <Notice kind="stop" title={words.faulty(faults.length + moreFaults)}>
      <ul class="plain">
        {faults.map((fault) => (
          <li key={JSON.stringify(fault)}>{sentenceOf(fault)}</li>
        ))}
      </ul>
      {moreFaults > 0 && <p>{words.more(moreFaults)}</p>}
    </Notice>
  );
}

function sentenceOf({ row, column, fault }: OrderFault): string {
  return words.fault[fault](row, column ?? '');
}
