/**
 * CSV (RFC 4180) in UTF-8, as it is written, and the cells of it. A spreadsheet takes a cell that begins with one of
 * `= + - @` for a formula and runs it, so such cells get an apostrophe before it on the way out, and lose it on the way
 * in. Files are read by read-csv.ts.
 */
import { parse as parseSync } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';

/** With it, spreadsheets read the file as UTF-8. */
export const BYTE_ORDER_MARK = '\uFEFF';

/** `row`: as a spreadsheet counts, from 1, empty ones too. */
export type CsvRow = { readonly row: number; readonly cells: readonly string[] };

/** The bytes are no CSV from this row on. */
export class CsvBroken extends Error {
  readonly row: number;
  readonly fault: 'quotes' | 'too-long';

  constructor(row: number, fault: CsvBroken['fault']) {
    super(`the CSV is broken in row ${row}: ${fault}`);
    this.name = 'CsvBroken';
    this.row = row;
    this.fault = fault;
  }
}

/** Each ends with CRLF. */
export const writeCsv = (rows: readonly (readonly string[])[]): string =>
  stringify(
    rows.map((cells) => cells.map(toCell)),
    { record_delimiter: '\r\n', quoted_match: /[;\t\r\n]/ },
  );

/**
 * A cell of ours may be several cells of a spreadsheet that separates by semicolons or tabs. It begins one behind each
 * of those, and a row behind each line break, also within our quotes. Quotes in front of a sign hide no formula. The
 * wide signs are those of East Asian keyboards.
 */
const FORMULA = /(?<=^|[;\t\r\n])(?=['"]*[=+\-@\t\r＝＋－＠])/g;
const NEUTRALISED = /(?<=^|[;\t\r\n])'(?=['"]*[=+\-@\t\r＝＋－＠])/g;

const toCell = (value: string): string => value.replace(FORMULA, "'");
export const fromCell = (cell: string): string => cell.replace(NEUTRALISED, '');

/** Several values in one cell, separated by commas. */
export const writeList = (values: readonly string[]): string =>
  stringify([[...values]], { delimiter: ', ', quoted_match: /,/, record_delimiter: '' });

/** @throws CsvError where its quotes are broken. */
export function readList(cell: string): string[] {
  const [values = []] = parseSync(cell, { trim: true, relax_quotes: true }) as string[][];
  return values.filter((value) => value !== '');
}
