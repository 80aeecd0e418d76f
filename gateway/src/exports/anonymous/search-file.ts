/**
 * Searches a file for identities (identity-texts.ts), in the bytes as they will leave: UTF-8, ignoring case, accents,
 * forms of digits and characters of no width, and across the borders of its pieces. For a PDF, the text of its
 * compressed streams is searched (read-pdf.ts). A malformed file is refused rather than searched, since readers may
 * interpret it in any way.
 */
import { fold, WITHOUT_SPACES } from '#shared/deid/text/fold.ts';
import { plainOf } from '#shared/deid/text/plain-text.ts';
import { createAutomaton } from './automaton.ts';
import { createCellFinder, type Cell, type CellFinder, type TableFormat } from './find-cell.ts';
import { createPdfReader } from './read-pdf.ts';

/** Texts as `foldForSearch` leaves them, of at most TEXT_LIMIT code units. */
export type SoughtTexts = {
  /** Found inside other words too. */
  readonly anywhere: ReadonlySet<string>;
  /** Found only as whole words or numbers. */
  readonly whole: ReadonlySet<string>;
};
/** A set of instances is not among them: a thread of its own searches it. */
export type SearchedFormat = TableFormat | 'pdf';
type FileSearch = {
  /** @throws TypeError where the bytes are not UTF-8, or no PDF as we write it. */
  pass(piece: Uint8Array): void;
  /** Call it after the last piece. Returns the first cell that holds an identity. @throws TypeError. */
  end(): Cell | null;
};

export const TEXT_LIMIT = 64;
/** How much of the searched text is kept: the longest text and two code units before it. */
const REMEMBERED = TEXT_LIMIT + 2;
/** The code units after a text, which decide whether it is a whole word. */
const BEHIND = 2;

export const foldForSearch = (text: string): string =>
  [...text].map((character) => foldCharacter(character)).join('');

const FOLDED = new Map<string, string>();
/**
 * The number of folded characters that are cached: enough for the letters of all scripts, but a hostile file has more.
 */
const FOLDED_LIMIT = 20_000;

function foldCharacter(character: string): string {
  const known = FOLDED.get(character);
  if (known !== undefined) return known;
  const folded = fold(plainOf(character).text).text;
  if (FOLDED.size < FOLDED_LIMIT) FOLDED.set(character, folded);
  return folded;
}

/**
 * Folded text with the cell of each code unit: the last part of what was searched, and what is still to be searched.
 */
type Window = { text: string; readonly rows: number[]; readonly fields: number[] };

export function createFileSearch(texts: SoughtTexts, format: SearchedFormat): FileSearch {
  if (format === 'pdf') return createPdfSearch(texts);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const search = createTextSearch(texts, createCellFinder(format));
  return {
    pass: (piece) => search.pass(decoder.decode(piece, { stream: true })),
    end() {
      search.pass(decoder.decode());
      return search.end();
    },
  };
}

/**
 * Each text is searched as a line of its own. A second search joins it to the line before if that line is a single
 * word, because a word that does not fit in a line is split.
 */
function createPdfSearch(texts: SoughtTexts): FileSearch {
  const at = { row: 1, field: 0, pass() {} };
  const searches = [createTextSearch(texts, at), createTextSearch(texts, at)] as const;
  const reader = createPdfReader(({ text, isJoined, ...place }) => {
    Object.assign(at, place);
    searches[0].pass(` ${text}`);
    searches[1].pass(isJoined ? text : ` ${text}`);
  });
  return {
    pass: (piece) => reader.pass(piece),
    end() {
      reader.end();
      return searches[0].end() ?? searches[1].end();
    },
  };
}

type TextSearch = { pass(text: string): void; end(): Cell | null };

export function createTextSearch(texts: SoughtTexts, cells: CellFinder): TextSearch {
  const anywhere = createAutomaton(texts.anywhere);
  const whole = createAutomaton(texts.whole);
  const window: Window = { text: '', rows: [], fields: [] };
  const states = { anywhere: 0, whole: 0 };
  let next = 0;
  let found: Cell | null = null;

  const search = (until: number): void => {
    const { text } = window;
    for (; next < until && found === null; next += 1) {
      const unit = text.charCodeAt(next);
      states.anywhere = anywhere.next(states.anywhere, unit);
      states.whole = whole.next(states.whole, unit);
      for (const length of anywhere.endings(states.anywhere)) found ??= cellAt(window, next + 1 - length);
      for (const length of whole.endings(states.whole)) {
        const start = next + 1 - length;
        if (standsAlone(text, start, next + 1)) found ??= cellAt(window, start);
      }
    }
  };
  const take = (text: string, isLast: boolean): void => {
    if (found !== null) return;
    gather(window, text, cells);
    search(isLast ? window.text.length : window.text.length - BEHIND);
    next -= forget(window, next);
  };
  return {
    pass: (text) => take(text, false),
    end() {
      take('', true);
      return found;
    },
  };
}

const cellAt = ({ rows, fields }: Window, at: number): Cell => ({ row: rows[at]!, field: fields[at]! });

function gather(window: Window, text: string, cells: CellFinder): void {
  const { rows, fields } = window;
  let folded = '';
  for (const character of text) {
    const { row, field } = cells;
    const plain = foldCharacter(character);
    for (let index = 0; index < plain.length; index += 1) {
      rows.push(row);
      fields.push(field);
    }
    folded += plain;
    cells.pass(character.codePointAt(0)!);
  }
  window.text += folded;
}

/** Returns how much of the beginning is no longer needed, now that everything before `next` is searched. */
function forget(window: Window, next: number): number {
  const gone = Math.max(0, next - REMEMBERED);
  window.text = window.text.slice(gone);
  window.rows.splice(0, gone);
  window.fields.splice(0, gone);
  return gone;
}

const LETTER = /[\p{L}\p{M}]/u;
const DIGIT = /\p{N}/u;

/**
 * Whether the text is not part of a longer word or number. "Annas" and "Anna's" count as Anna; 0.12345 is a figure, not
 * the number 12345.
 */
function standsAlone(text: string, start: number, end: number): boolean {
  const [before = '', first = ''] = [text[start - 1], text[start]];
  const [last = '', after = '', later = ''] = [text[end - 1], text[end], text[end + 1]];
  if (LETTER.test(first) && isSpacedLetter(before)) return false;
  if (DIGIT.test(first) && (DIGIT.test(before) || (before === '.' && DIGIT.test(text[start - 2] ?? ''))))
    return false;
  if (DIGIT.test(last)) return !(DIGIT.test(after) || (after === '.' && DIGIT.test(later)));
  return !isSpacedLetter(after) || (after === 's' && !isSpacedLetter(later));
}

/** In scripts without spaces, a name may begin at any letter. */
const isSpacedLetter = (unit: string): boolean => LETTER.test(unit) && !WITHOUT_SPACES.test(unit);
