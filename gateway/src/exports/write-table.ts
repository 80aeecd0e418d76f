/** Released rows as the bytes of a table, row by row. */
import type { ExportFormat } from '#shared/protocol/exports.ts';
import { BYTE_ORDER_MARK, writeCsv, writeList } from '../http/csv.ts';
import type { Cell, ReleasedRows } from './source-row.ts';

export const MEDIA_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  jsonl: 'application/jsonl; charset=utf-8',
  pdf: 'application/pdf',
  dicom: 'application/zip',
};

type Written = Pick<ReleasedRows, 'columns' | 'rows'>;
type Writer = (released: Written) => AsyncGenerator<string>;

type TableFormat = 'csv' | 'jsonl';
const WRITERS: Readonly<Record<TableFormat, Writer>> = {
  async *csv({ columns, rows }) {
    yield BYTE_ORDER_MARK + writeCsv([columns]);
    for await (const { cells } of rows) yield writeCsv([cells.map(toText)]);
  },
  async *jsonl({ columns, rows }) {
    for await (const { cells } of rows)
      yield `${JSON.stringify(Object.fromEntries(columns.map((column, at) => [column, cells[at]])))}\n`;
  },
};

export function toText(cell: Cell): string {
  if (cell === null) return '';
  return typeof cell === 'object' ? writeList(cell.map(toText)) : `${cell}`;
}

export async function* writeTable(format: TableFormat, released: Written): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const text of WRITERS[format](released)) yield encoder.encode(text);
}
