/**
 * Importing cases from a CSV file: the file is chosen, checked with its columns and wrong rows, and then imported as a
 * whole.
 */
import { useEffect, useState } from 'preact/hooks';
import { CASE_CSV_FIELDS, type CaseImport } from '#shared/protocol/case-csv.ts';
import { focused } from '../kit/focused.ts';
import { typedSaid } from '../kit/identities.ts';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { useApi } from '../net/net-context.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { csvWords as words } from './case-csv-words.ts';
import { createImportStore, type ImportStore } from './import.store.ts';

const SHOWN_ROWS = 20;

type ImportSheetProps = { readonly onClose: () => void; readonly onDone: () => void };

export function ImportSheet({ onClose, onDone }: ImportSheetProps) {
  const api = useApi();
  const [store] = useState(() => createImportStore(api));
  useEffect(() => () => store.close(), [store]);
  const report = store.report.value;
  const close = () => {
    if (report?.isImported) onDone();
    onClose();
  };
  return (
    <Sheet title={words.title} onClose={close}>
      <div class="stack sheet-part" aria-busy={store.isBusy.value}>
        {report?.isImported ? (
          <Done report={report} onClose={close} />
        ) : (
          <Choose store={store} onClose={close} />
        )}
      </div>
    </Sheet>
  );
}

type DoneProps = { readonly report: CaseImport; readonly onClose: () => void };

function Done({ report, onClose }: DoneProps) {
  return (
    <>
      <div role="status">
        <Notice kind="plain" title={words.done}>
          <p>{words.did(report)}</p>
        </Notice>
      </div>
      <div class="sheet-actions">
        <button type="button" class="button button-main" ref={focused} onClick={onClose}>
          {words.close}
        </button>
      </div>
    </>
  );
}

type ChooseProps = { readonly store: ImportStore; readonly onClose: () => void };

function Choose({ store, onClose }: ChooseProps) {
  const report = store.report.value;
  const isBusy = store.isBusy.value;
  const count = report === null ? 0 : report.opened + report.changed;
  const isReady = !isBusy && report !== null && report.wrongRows === 0 && count > 0;
  return (
    <>
      <p class="quiet">{words.how}</p>
      <label class="field">
        <span>{words.file}</span>
        <input
          type="file"
          accept=".csv,text/csv"
          disabled={isBusy}
          // A browser reports no change when the corrected file has the same name as the previous one.
          onClick={({ currentTarget }) => {
            currentTarget.value = '';
          }}
          onChange={({ currentTarget }) => {
            const [file] = currentTarget.files ?? [];
            if (file !== undefined) void store.choose(file);
          }}
        />
      </label>
      {report !== null && report.columns.length > 0 && <Columns store={store} report={report} />}
      <div role="status">
        {isBusy && <p class="quiet">{words.checking}</p>}
        {!isBusy && report !== null && <Outcome report={report} />}
      </div>
      <TroubleAlert trouble={store.trouble.value} />
      <div class="sheet-actions">
        <button type="button" class="button" onClick={onClose}>
          {kitWords.cancel}
        </button>
        <button
          type="button"
          class="button button-main"
          disabled={!isReady}
          onClick={() => void store.take()}
        >
          {report?.wrongRows ? words.takeNone : words.take(count)}
        </button>
      </div>
    </>
  );
}

type ReportProps = { readonly report: CaseImport };

/** The columns of the file. An unrecognised column shows an example value, by which people recognise it. */
function Columns({ store, report }: ReportProps & { readonly store: ImportStore }) {
  return (
    <fieldset class="case-columns" disabled={store.isBusy.value}>
      <legend class="strong">{words.columns}</legend>
      {report.columns.map(({ header, field }, at) => {
        const example = report.preview.map((cells) => cells[at] ?? '').find((cell) => cell !== '');
        return (
          <label key={at} class="field">
            <span class="kept">
              {/* In a file without headings, the first row is a case. */}
              <bdi>{words.column(field === null ? typedSaid(header) : header, at + 1)}</bdi>
            </span>
            <select
              value={field ?? ''}
              onChange={({ currentTarget }) =>
                void store.map(at, CASE_CSV_FIELDS.find((known) => known === currentTarget.value) ?? null)
              }
            >
              <option value="">{words.leftOut}</option>
              {CASE_CSV_FIELDS.map((known) => (
                <option key={known} value={known} selected={known === field}>
                  {words.fields[known]}
                </option>
              ))}
            </select>
            {example !== undefined && (
              <span class="small quiet kept case-example">
                <bdi>{words.example(typedSaid(example))}</bdi>
              </span>
            )}
          </label>
        );
      })}
    </fieldset>
  );
}

function Outcome({ report }: ReportProps) {
  const { wrong, wrongRows, opened, changed } = report;
  if (wrongRows === 0)
    return (
      <>
        <p>{opened + changed === 0 ? words.nothing : words.would(report)}</p>
        {report.repeatedRows > 0 && <Repeated report={report} />}
      </>
    );
  // Nothing is wrong with the file; its headings are just unknown.
  if (wrong[0]?.fault === 'no-columns') return <Notice kind="wait" title={faultOf(wrong[0])} />;
  return (
    <Notice kind="stop" title={words.wrong(wrongRows)}>
      <p>{words.correct}</p>
      <ul class="plain">
        {wrong.slice(0, SHOWN_ROWS).map((one) => (
          <li key={one.row} class="numbers">
            {words.wrongRow(one.row, faultOf(one))}
          </li>
        ))}
      </ul>
      {wrongRows > SHOWN_ROWS && <p>{words.more(wrongRows - SHOWN_ROWS)}</p>}
    </Notice>
  );
}

function Repeated({ report: { repeated, repeatedRows } }: ReportProps) {
  return (
    <Notice kind="wait" title={words.repeated(repeatedRows)}>
      <p>{words.repeatedWhat}</p>
      <ul class="plain">
        {repeated.slice(0, SHOWN_ROWS).map(({ row, of }) => (
          <li key={row} class="numbers">
            {words.repeatedRow(row, of)}
          </li>
        ))}
      </ul>
      {repeatedRows > SHOWN_ROWS && <p>{words.more(repeatedRows - SHOWN_ROWS)}</p>}
    </Notice>
  );
}

/** The fault in words, with the accepted format if a person could not guess it. */
function faultOf({ field, fault }: ReportProps['report']['wrong'][number]): string {
  const said = words.faults[fault](field === null ? words.aField : words.fields[field]);
  const written: Partial<Record<string, string>> = words.written;
  const form = fault === 'invalid' && field !== null ? written[field] : undefined;
  return form === undefined ? said : `${said} ${form}`;
}
