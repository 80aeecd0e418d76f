/** The import of a CSV file of cases: what it would do, the fields of its columns, and the import itself. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { caseImportSchema, type CaseCsvField, type CaseImport } from '#shared/protocol/case-csv.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { problemOf, type ApiClient } from '../net/api-client.ts';

export interface ImportStore {
  /** The report of the last check of the file, or of the finished import; null: no file was checked. */
  readonly report: ReadonlySignal<CaseImport | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  /** Checks a file. Columns mapped by hand are kept if the file has the same columns as the previous one. */
  choose(file: File): Promise<void>;
  /**
   * Maps the column at this place to a field; null: the column is left out. A column mapped to that field before is
   * then left out.
   */
  map(place: number, field: CaseCsvField | null): Promise<void>;
  take(): Promise<void>;
  close(): void;
}

type Chosen = { readonly file: File; readonly columns: readonly (CaseCsvField | null)[] | null };

export function createImportStore(api: Pick<ApiClient, 'send'>): ImportStore {
  const report = signal<CaseImport | null>(null);
  const isBusy = signal(false);
  const trouble = signal<Trouble | null>(null);
  let chosen: Chosen | null = null;
  /**
   * The id of the import of a file with these columns. It stays the same after a lost answer, so that repeating has no
   * second effect.
   */
  let id = crypto.randomUUID();
  let asking = new AbortController();

  /** Resolves to whether the gateway answered. */
  const send = async (query: Readonly<Record<string, string>>): Promise<boolean> => {
    if (chosen === null) return false;
    asking.abort();
    const mine = new AbortController();
    asking = mine;
    isBusy.value = true;
    trouble.value = null;
    try {
      report.value = await sendFile(api, chosen, query, mine.signal);
      return true;
    } catch (error) {
      if (!mine.signal.aborted) trouble.value = troubleOf(error);
      return false;
    } finally {
      if (asking === mine) isBusy.value = false;
    }
  };
  const look = (of: Chosen): Promise<boolean> => {
    chosen = of;
    id = crypto.randomUUID();
    return send({ dryRun: 'true' });
  };
  return {
    report,
    isBusy,
    trouble,
    async choose(file) {
      const before = report.peek();
      const mapped = chosen?.columns ?? null;
      report.value = null;
      const isAnswered = await look({ file, columns: null });
      if (isAnswered && mapped !== null && headersOf(before) === headersOf(report.peek()))
        await look({ file, columns: mapped });
    },
    async map(place, field) {
      const known = report.peek()?.columns;
      if (chosen === null || known === undefined) return;
      const columns = known.map((column, at) => {
        if (at === place) return field;
        return column.field === field ? null : column.field;
      });
      await look({ ...chosen, columns });
    },
    take: async () => void (await send({ id })),
    close: () => asking.abort(),
  };
}

const headersOf = (report: CaseImport | null): string =>
  JSON.stringify(report?.columns.map(({ header }) => header));

/** The file is read while it is sent, because it may be too large for this device's memory. */
async function sendFile(
  api: Pick<ApiClient, 'send'>,
  { file, columns }: Chosen,
  query: Readonly<Record<string, string>>,
  until: AbortSignal,
): Promise<CaseImport> {
  const said = new URLSearchParams(query);
  if (columns !== null) said.set('columns', columns.map((field) => field ?? '-').join(','));
  const answer = await api.send(`/cases/import?${said}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv', accept: 'application/json' },
    body: file,
    signal: until,
  });
  if (!answer.ok) throw await problemOf(answer);
  return caseImportSchema.parse(await answer.json());
}
