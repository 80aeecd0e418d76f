/** Parses CSV (RFC 4180) in UTF-8 or UTF-16 as it streams in. Runs in a thread (read-csv.ts). */
import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { CsvBroken, fromCell, type CsvRow } from './csv.ts';

/** Far longer than any real row. Without this limit, a quote that is never closed would gather the whole file. */
export const ROW_CHARACTERS_LIMIT = 64 * 1024;
/** Spreadsheets use the delimiter that is usual in their country. */
const DELIMITERS = [',', ';', '\t'];

/**
 * More columns than any of our lists has. Of a wider row these cells are read, and then the first one that is not
 * empty.
 */
export const CELLS_LIMIT = 100;

/** Longer than any field of any list may be, so that the reader of a cut cell finds it too long. */
export const CELL_CHARACTERS_LIMIT = 4096;

function boundCells(record: readonly string[]): string[] {
  const beyond = record.slice(CELLS_LIMIT).find((cell) => cell !== '');
  const cells = [...record.slice(0, CELLS_LIMIT), ...(beyond === undefined ? [] : [beyond])];
  return cells.map((cell) => fromCell(cell.slice(0, CELL_CHARACTERS_LIMIT)));
}

/**
 * Yields the rows that are not empty. Bytes that are not UTF-8 become U+FFFD, so that the rows around them can be read.
 * @throws CsvBroken, and what `pieces` throws.
 */
export async function* parseCsv(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRow> {
  const text = toText(pieces);
  const { value: head = '' } = await text.next();
  const parser = parse({
    delimiter: delimiterOf(head),
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: ROW_CHARACTERS_LIMIT,
    // The parser does not count delimiters towards the limit, so a row of empty cells could grow without end.
    cast: (cell, { index, records, empty_lines: empty }) => {
      if (index === ROW_CHARACTERS_LIMIT) throw new CsvBroken(records + empty + 1, 'too-long');
      return cell;
    },
  });
  // An error of the source ends the parser; the loop below throws it.
  pipeline(Readable.from(joined(head, text)), parser, () => {});
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>)
      yield { row: info.records + info.empty_lines, cells: boundCells(record) };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { records, empty_lines: empty } = error as CsvError & Parsed['info'];
    throw new CsvBroken(records + empty + 1, error.code === 'CSV_MAX_RECORD_SIZE' ? 'too-long' : 'quotes');
  }
}

type Parsed = {
  readonly record: string[];
  readonly info: { readonly records: number; readonly empty_lines: number };
};

/** The first text contains the whole first line, or as much as a row may have. */
async function* toText(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = createDecoder();
  let head: string | null = '';
  for await (const piece of pieces) {
    const text = decoder.decode(piece);
    if (head === null) yield text;
    else {
      head += text;
      if (!/[\r\n]/.test(head) && head.length <= ROW_CHARACTERS_LIMIT) continue;
      yield head;
      head = null;
    }
  }
  yield (head ?? '') + decoder.end();
}

/** Decodes UTF-16 where the byte order mark says so; spreadsheets call that "Unicode text". */
function createDecoder() {
  let held: Uint8Array = new Uint8Array();
  let decoder: TextDecoder | null = null;
  const decode = (piece: Uint8Array): string => {
    if (decoder !== null) return decoder.decode(piece, { stream: true });
    held = Buffer.concat([held, piece]);
    if (held.length < 2) return '';
    const [first, second] = held;
    const isWide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
    decoder = new TextDecoder(!isWide ? 'utf-8' : first === 0xff ? 'utf-16le' : 'utf-16be');
    return decoder.decode(held, { stream: true });
  };
  return { decode, end: (): string => (decoder ?? new TextDecoder()).decode(decoder ? undefined : held) };
}

async function* joined(head: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield head;
  yield* rest;
}

/** The delimiter that occurs most often in the first line, outside of quotes. */
function delimiterOf(head: string): string {
  const bare = (head.split(/[\r\n]/, 1)[0] ?? '').replace(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => bare.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}
