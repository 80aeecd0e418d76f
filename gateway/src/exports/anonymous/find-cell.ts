/** Tracks the row and field of each character of a file as it is read. */

/** Rows count from 1, as in spreadsheets and editors; fields count from 0. */
export type Cell = { readonly row: number; readonly field: number };
export type CellFinder = {
  /** Takes the code of the next character. */
  pass(code: number): void;
  readonly row: number;
  readonly field: number;
};
export type TableFormat = 'csv' | 'jsonl';

const QUOTE = 0x22;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

export const createCellFinder = (format: TableFormat): CellFinder =>
  format === 'csv' ? createCsvFinder() : createJsonFinder();

/** RFC 4180: a quote within quotes is written as two quotes, which changes nothing here. */
function createCsvFinder(): CellFinder {
  const at = { row: 1, field: 0 };
  let isQuoted = false;
  return {
    get row() {
      return at.row;
    },
    get field() {
      return at.field;
    },
    pass(code) {
      if (code === QUOTE) isQuoted = !isQuoted;
      else if (isQuoted) return;
      else if (code === COMMA) at.field += 1;
      else if (code === LINE_FEED) Object.assign(at, { row: at.row + 1, field: 0 });
    },
  };
}

/** Each line is an object whose fields always have the same order. JSON has no line end within a text. */
function createJsonFinder(): CellFinder {
  const at = { row: 1, field: 0 };
  let isText = false;
  let isEscaped = false;
  let depth = 0;
  const passText = (code: number): void => {
    if (isEscaped) isEscaped = false;
    else if (code === BACKSLASH) isEscaped = true;
    else if (code === QUOTE) isText = false;
  };
  return {
    get row() {
      return at.row;
    },
    get field() {
      return at.field;
    },
    pass(code) {
      if (isText) passText(code);
      else if (code === QUOTE) isText = true;
      else if (OPENING.has(code)) depth += 1;
      else if (CLOSING.has(code)) depth -= 1;
      else if (code === COMMA && depth === 1) at.field += 1;
      else if (code === LINE_FEED) Object.assign(at, { row: at.row + 1, field: 0 });
    },
  };
}
