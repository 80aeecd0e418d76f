/**
 * Writes CSV (RFC 4180) in UTF-8, and converts its cells. A spreadsheet treats a cell that begins with one of `= + - @`
 * as a formula and runs it. So such cells get an apostrophe in front when they are written, and lose it when they are
 * read. Files are read by read-csv.ts.
 */
import { parse as parseSync } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';

/** With this mark at the start, spreadsheets read the file as UTF-8. */
export const BYTE_ORDER_MARK = '\uFEFF';

/** `row`: the number that a spreadsheet shows, counted from 1 with empty rows. */
export type CsvRow = { readonly row: number; readonly cells: readonly string[] };

/** From this row on, the bytes are not valid CSV. */
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

/** Each row ends with CRLF. */
export const writeCsv = (rows: readonly (readonly string[])[]): string =>
  stringify(
    rows.map((cells) => cells.map(toCell)),
    { record_delimiter: '\r\n', quoted_match: /[;\t\r\n]/ },
  );

/**
 * A spreadsheet that separates by semicolons or tabs may split one of our cells into several. A new cell then begins
 * after each separator, and a new row after each line break, even within our quotes. Quotes in front of a sign do not
 * keep it from being a formula. The wide signs are those of East Asian keyboards.
 */
const FORMULA = /(?<=^|[;\t\r\n])(?=['"]*[=+\-@\t\r＝＋－＠])/g;
const NEUTRALISED = /(?<=^|[;\t\r\n])'(?=['"]*[=+\-@\t\r＝＋－＠])/g;

const toCell = (value: string): string => value.replace(FORMULA, "'");
export const fromCell = (cell: string): string => cell.replace(NEUTRALISED, '');

/** Several values in one cell, separated by commas. */
export const writeList = (values: readonly string[]): string =>
  stringify([[...values]], { delimiter: ', ', quoted_match: /,/, record_delimiter: '' });

/** @throws CsvError where the quotes are not closed properly. */
export function readList(cell: string): string[] {
  const [values = []] = parseSync(cell, { trim: true, relax_quotes: true }) as string[][];
  return values.filter((value) => value !== '');
}
