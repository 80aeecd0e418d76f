/**
 * Maps the characters of a character set beyond ASCII to their bytes, in order to encode text. The map is made from
 * the platform's own decoding tables, once for each set that is written.
 */
import { decodeRun, type TextPiece } from './character-sets.ts';

/** PS3.3 Table C.12-4: sets of two bytes per character, with their half and their rows. */
const TWO_BYTES: Readonly<Record<string, { readonly half: 'g0' | 'g1'; readonly rows: readonly Rows[] }>> = {
  // Decoders know more rows than JIS X 0208 has: the NEC rows, which other systems decode differently.
  '87': {
    half: 'g0',
    rows: [
      [0x21, 0x28],
      [0x30, 0x74],
    ],
  },
  '159': { half: 'g0', rows: [[0x21, 0x7e]] },
  '149': { half: 'g1', rows: [[0xa1, 0xfe]] },
  '58': {
    half: 'g1',
    rows: [
      [0xa1, 0xa9],
      [0xb0, 0xf7],
    ],
  },
};
type Rows = readonly [first: number, last: number];

const MADE = new Map<string, ReadonlyMap<string, TextPiece>>();

/** `set`: as `canonicalCharacterSet` names it. For GB18030, only its characters of two bytes. */
export function repertoireOf(set: string): ReadonlyMap<string, TextPiece> {
  const made = MADE.get(set) ?? new Map([...charactersOf(set)].map((piece) => [piece.text, piece]));
  MADE.set(set, made);
  return made;
}

function* charactersOf(set: string): Generator<TextPiece> {
  for (const piece of set in TWO_BYTES || isChinese(set) ? pairsOf(set) : singlesOf(set))
    if ([...piece.text].length === 1) yield piece;
}

const isChinese = (set: string): boolean => set === 'gbk' || set === 'gb18030';

function* singlesOf(set: string): Generator<TextPiece> {
  for (let byte = 0xff; byte >= 0x80; byte--) {
    const bytes = Uint8Array.of(byte);
    const { text, damaged } = decodeRun(bytes, set);
    if (!damaged) yield { text, bytes, g0: '', g1: set };
  }
}

/**
 * Pairs are generated from the end. If two pairs encode the same character, the map keeps the last one generated,
 * which is thus the first in the table.
 */
function* pairsOf(set: string): Generator<TextPiece> {
  const { half, rows } = TWO_BYTES[set] ?? { half: null, rows: [[0x81, 0xfe] as const] };
  const [from, to] = half === null ? [0x40, 0xfe] : half === 'g0' ? [0x21, 0x7e] : [0xa1, 0xfe];
  for (const [first, last] of rows.toReversed())
    for (let row = last; row >= first; row--)
      for (let cell = to; cell >= from; cell--) {
        const bytes = Uint8Array.of(row, cell);
        const { text, damaged } = decodeRun(bytes, set);
        if (!damaged) yield { text, bytes, g0: half === 'g0' ? set : '', g1: half === 'g1' ? set : '' };
      }
}
