/**
 * Text in the character sets of DICOM (PS3.3 §C.12.1.1.2, PS3.5 §6.1): single-byte sets, UTF-8, GB18030, GBK, and the
 * code extensions of ISO 2022. The tables are the platform's (`TextDecoder`); this file only decides which of them
 * applies to which byte.
 *
 * Bytes that cannot be decoded become U+FFFD and are reported; reading never changes the bytes themselves.
 */
import { BoundedMemo, bytesOfTexts } from '../bounded-memo.ts';

/** The text decoded from one byte sequence. */
export interface DecodedText {
  readonly text: string;
  /** Some bytes do not belong to the character set in force. */
  readonly damaged: boolean;
}

/** A character of a value with its bytes, and the sets in force there (ISO 2022; '' elsewhere). */
export interface TextPiece {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly g0: string;
  readonly g1: string;
}

export interface TextReader {
  /** False if a Defined Term of Specific Character Set is unknown; the text is then read as ASCII. */
  readonly known: boolean;
  /**
   * Decodes a value. `isName`: the value is a PN, in which "^" and "=" reset the code extensions as well (PS3.5
   * §6.1.2.5.3).
   */
  decode(bytes: Uint8Array, isName?: boolean): DecodedText;
  /** Splits a value that is not a name into characters, so that some can be replaced; null if it cannot be decoded. */
  split(bytes: Uint8Array): TextPiece[] | null;
  /** Encodes such characters, in any order and with any ASCII between them. `isName`: as for `decode`. */
  join(pieces: readonly TextPiece[], isName?: boolean): Uint8Array;
}

/** ISO registration number → label of the WHATWG Encoding Standard. */
const SINGLE_BYTE: Readonly<Record<string, string>> = {
  '100': 'latin1',
  '101': 'iso-8859-2',
  '109': 'iso-8859-3',
  '110': 'iso-8859-4',
  '144': 'iso-8859-5',
  '127': 'iso-8859-6',
  '126': 'iso-8859-7',
  '138': 'iso-8859-8',
  '148': 'windows-1254',
  '203': 'iso-8859-15',
  '166': 'windows-874',
  '13': 'jis-x-0201',
};
/** Sets of two bytes a character, by registration number. They are used only with code extensions. */
const MULTI_BYTE = new Set(['87', '159', '149', '58']);

/**
 * PS3.3 Tables C.12-3 and C.12-4: escape sequence (after ESC) → the set, and the half to which it is assigned. G0 is
 * for bytes below 80H, G1 for those above.
 */
const ESCAPES: Readonly<Record<string, { readonly half: 'g0' | 'g1'; readonly set: string }>> = {
  '(B': { half: 'g0', set: '6' },
  '(J': { half: 'g0', set: '13' },
  ')I': { half: 'g1', set: '13' },
  '-A': { half: 'g1', set: '100' },
  '-B': { half: 'g1', set: '101' },
  '-C': { half: 'g1', set: '109' },
  '-D': { half: 'g1', set: '110' },
  '-L': { half: 'g1', set: '144' },
  '-G': { half: 'g1', set: '127' },
  '-F': { half: 'g1', set: '126' },
  '-H': { half: 'g1', set: '138' },
  '-M': { half: 'g1', set: '148' },
  '-b': { half: 'g1', set: '203' },
  '-T': { half: 'g1', set: '166' },
  $B: { half: 'g0', set: '87' },
  '$@': { half: 'g0', set: '87' },
  '$(D': { half: 'g0', set: '159' },
  '$)C': { half: 'g1', set: '149' },
  '$)A': { half: 'g1', set: '58' },
};

/**
 * The Defined Term behind the spellings of real writers ("ISO-IR 100", "ISO IR 192", "iso_ir_144", "UTF-8", …): a
 * registration number, 'utf-8', 'gb18030' or 'gbk'; null if it is none of these.
 */
export function canonicalCharacterSet(term: string): string | null {
  const name = term.trim().toUpperCase();
  if (name === '') return '6';
  const registration = /^ISO[ _-]*(?:2022[ _-]*)?(?:IR[ _-]*)?([0-9]{1,3})$/.exec(name)?.[1];
  if (registration === '192') return 'utf-8';
  if (registration !== undefined) {
    return registration === '6' || registration in SINGLE_BYTE || MULTI_BYTE.has(registration)
      ? registration
      : null;
  }
  if (/^(ISO[ _-]*2022[ _-]*)?GBK$/.test(name)) return 'gbk';
  if (/^(ISO[ _-]*2022[ _-]*)?GB[ _-]?18030$/.test(name)) return 'gb18030';
  if (/^UTF[ _-]?8$/.test(name)) return 'utf-8';
  const latin = /^(?:ISO[ _-]?)?8859[ _-]([0-9]{1,2})$/.exec(name)?.[1];
  const wanted = latin === '1' ? 'latin1' : `iso-8859-${latin}`;
  return Object.entries(SINGLE_BYTE).find(([, label]) => label === wanted)?.[0] ?? null;
}

/**
 * The memory for readers. An instance names one or two sets, but a hostile file could name any number, or a very long
 * one for every value.
 */
const READERS_LIMIT_BYTES = 4 * 1024 ** 2;
const READER_BYTES = 1_000;

const READERS = new BoundedMemo<string, TextReader>(
  READERS_LIMIT_BYTES,
  (key) => bytesOfTexts(key) + READER_BYTES,
);

/**
 * A reader for the values of Specific Character Set (0008,0005). No value, or an empty first value, means the default
 * repertoire, ASCII.
 */
export function textReader(characterSets: readonly string[]): TextReader {
  const key = characterSets.join('\\');
  let reader = READERS.get(key);
  if (!reader) {
    reader = createReader(characterSets);
    READERS.set(key, reader);
  }
  return reader;
}

function createReader(terms: readonly string[]): TextReader {
  const sets = terms.map(canonicalCharacterSet);
  const known = sets.every((set) => set !== null);
  const [first = '6'] = sets;
  if (first === 'utf-8' || first === 'gb18030' || first === 'gbk') {
    return {
      known,
      decode: (bytes) => (isAscii(bytes) ? ascii(bytes) : decodeWhole(first, bytes)),
      split: (bytes) => (known ? splitWhole(first, bytes) : null),
      join: joinWhole,
    };
  }
  const initial = first ?? '6';
  return {
    known,
    decode: (bytes, isName = false) =>
      isAscii(bytes) ? ascii(bytes) : decodeExtended(initial, bytes, isName),
    split: (bytes) => (known ? splitExtended(initial, bytes) : null),
    join: (pieces, isName = false) => joinExtended(initial, pieces, isName),
  };
}

/** Splits ASCII text into pieces that are valid in any character set. */
export function asciiPieces(text: string): TextPiece[] {
  return [...text].map((character) => ({
    text: character,
    bytes: Uint8Array.of(character.charCodeAt(0)),
    g0: '6',
    g1: '',
  }));
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! > 0x7e || bytes[i] === 0x1b) return false;
  return true;
}

function ascii(bytes: Uint8Array): DecodedText {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]!);
  return { text, damaged: false };
}

function decodeWhole(label: string, bytes: Uint8Array): DecodedText {
  const text = new TextDecoder(label, { ignoreBOM: true }).decode(bytes);
  return { text, damaged: text.includes('\ufffd') };
}

/**
 * The number of bytes of the character that begins here: UTF-8 (RFC 3629 §3), GBK, GB 18030 (four if a digit follows
 * the first byte).
 */
function characterLength(label: string, bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  if (label === 'utf-8') return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const next = bytes[at + 1] ?? 0;
  return next >= 0x30 && next <= 0x39 ? 4 : 2;
}

function splitWhole(label: string, bytes: Uint8Array): TextPiece[] | null {
  const pieces: TextPiece[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + characterLength(label, bytes, at);
    const own = bytes.subarray(at, end);
    const { text, damaged } = decodeWhole(label, own);
    if (damaged || end > bytes.length) return null;
    pieces.push({ text, bytes: own, g0: '', g1: '' });
    at = end;
  }
  return pieces;
}

function joinWhole(pieces: readonly TextPiece[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap(({ bytes }) => [...bytes]));
}

type Half = { g0: string; g1: string };

const isTwoBytes = (set: string): boolean => MULTI_BYTE.has(set);

function splitExtended(initial: string, bytes: Uint8Array): TextPiece[] | null {
  const pieces: TextPiece[] = [];
  const { damaged } = walkExtended(initial, bytes, false, (run, sets) => {
    const isHigh = run[0]! >= 0x80;
    const set = isHigh ? sets.g1 : sets.g0;
    const width = isTwoBytes(set) ? 2 : 1;
    let isDamaged = false;
    for (let at = 0; at < run.length; at += width) {
      const own = run.subarray(at, at + width);
      const { text, damaged: isBroken } = decodeRun(own, set);
      isDamaged ||= isBroken || own.length < width;
      // Only the set of the character's own half applies.
      pieces.push({ text, bytes: own, g0: isHigh ? '' : sets.g0, g1: isHigh ? sets.g1 : '' });
    }
    return isDamaged;
  });
  return damaged ? null : pieces;
}

/** Escape sequences are inserted where the sets in force change (PS3.5 §6.1.2.5.3). */
function joinExtended(initial: string, pieces: readonly TextPiece[], isName: boolean): Uint8Array {
  const start = initialSets(initial);
  let sets = { ...start };
  const out: number[] = [];
  const choose = (half: 'g0' | 'g1', set: string): void => {
    if (set === '' || sets[half] === set) return;
    const sequence =
      Object.entries(ESCAPES).find(
        ([, designated]) => designated.half === half && designated.set === set,
      )?.[0] ?? '';
    out.push(0x1b, ...[...sequence].map((character) => character.charCodeAt(0)));
    sets = { ...sets, [half]: set };
  };
  for (const { bytes, g0, g1 } of pieces) {
    // The lower half of JIS X 0201 is ASCII except for two characters, so there is no need to switch between the two.
    choose('g0', g0 === '6' && (sets.g0 === '13' || start.g0 === '13') ? '13' : g0);
    choose('g1', g1);
    out.push(...bytes);
    if (!isTwoBytes(sets.g0) && bytes.length === 1 && isReset(bytes[0]!, isName)) sets = { ...start };
  }
  if (isTwoBytes(sets.g0)) choose('g0', start.g0);
  return Uint8Array.from(out);
}

function initialSets(initial: string): Half {
  return { g0: initial === '13' ? '13' : '6', g1: initial };
}

/**
 * PS3.5 §6.1.2.5.3: the sets in force return to the initial ones before control characters, backslash, and "^" and "="
 * of a name.
 */
function decodeExtended(initial: string, bytes: Uint8Array, isName: boolean): DecodedText {
  let text = '';
  const { damaged } = walkExtended(initial, bytes, isName, (run, sets) => {
    const decoded = decodeRun(run, run[0]! < 0x80 ? sets.g0 : sets.g1);
    text += decoded.text;
    return decoded.damaged;
  });
  return { text, damaged };
}

/**
 * Passes each run that one set decodes to `onRun`, with the sets in force there. `onRun` returns whether the run is
 * damaged.
 */
function walkExtended(
  initial: string,
  bytes: Uint8Array,
  isName: boolean,
  onRun: (run: Uint8Array, sets: Half) => boolean,
): { readonly damaged: boolean } {
  const start = initialSets(initial);
  let sets = { ...start };
  let damaged = false;
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === 0x1b) {
      const designation = escapeAt(bytes, at + 1);
      if (!designation) damaged = true;
      else sets = { ...sets, [designation.half]: designation.set };
      at += 1 + (designation?.length ?? 0);
      continue;
    }
    const end = runEnd(bytes, at, sets.g0);
    damaged = onRun(bytes.subarray(at, end), sets) || damaged;
    if (sets.g0 !== '87' && sets.g0 !== '159' && isReset(bytes[end - 1]!, isName)) sets = { ...start };
    at = end;
  }
  // PS3.5 §6.1.2.5.3: two-byte sets in G0 must be left before the end of the value.
  return { damaged: damaged || sets.g0 === '87' || sets.g0 === '159' };
}

function escapeAt(bytes: Uint8Array, at: number): { half: 'g0' | 'g1'; set: string; length: number } | null {
  for (const length of [2, 3]) {
    const found = ESCAPES[String.fromCharCode(...bytes.subarray(at, at + length))];
    if (found) return { ...found, length };
  }
  return null;
}

function isReset(byte: number, isName: boolean): boolean {
  return byte === 0x5c || (byte >= 0x09 && byte <= 0x0d) || (isName && (byte === 0x5e || byte === 0x3d));
}

/**
 * The end of the longest run that one set decodes. All its bytes are of the same half; it contains no escape, and ends
 * behind a delimiter.
 */
function runEnd(bytes: Uint8Array, start: number, g0: string): number {
  const high = bytes[start]! >= 0x80;
  const twoByteG0 = g0 === '87' || g0 === '159';
  let at = start;
  while (at < bytes.length && bytes[at] !== 0x1b && bytes[at]! >= 0x80 === high) {
    at += 1;
    // Any delimiter ends a run; the caller decides whether it resets the sets.
    const last = bytes[at - 1]!;
    if (
      !high &&
      !twoByteG0 &&
      (last === 0x5c || last === 0x5e || last === 0x3d || (last >= 0x09 && last <= 0x0d))
    )
      break;
  }
  return at;
}

/** Decodes bytes in a single set. `set`: as `canonicalCharacterSet` names it. */
export function decodeRun(bytes: Uint8Array, set: string): DecodedText {
  if (set === '87')
    return decodeWhole(
      'euc-jp',
      bytes.map((byte) => byte | 0x80),
    );
  if (set === '159') return decodeWhole('euc-jp', withSingleShifts(bytes));
  if (set === '149') return decodeWhole('euc-kr', bytes);
  if (set === '58') return decodeWhole('gbk', bytes);
  if (set === 'gbk' || set === 'gb18030') return decodeWhole(set, bytes);
  if (set === '13') return decodeKatakana(bytes);
  if (set === '6')
    return bytes[0]! < 0x80 ? ascii(bytes) : { text: '\ufffd'.repeat(bytes.length), damaged: true };
  const label = SINGLE_BYTE[set] ?? 'latin1';
  return label === 'latin1' || bytes[0]! < 0x80 ? ascii(bytes) : decodeWhole(label, bytes);
}

/** In EUC-JP, each character of JIS X 0212 follows a single shift (8FH). */
function withSingleShifts(bytes: Uint8Array): Uint8Array {
  const shifted = new Uint8Array(Math.ceil(bytes.length / 2) * 3);
  for (let i = 0; i < bytes.length; i += 2)
    shifted.set([0x8f, bytes[i]! | 0x80, (bytes[i + 1] ?? 0) | 0x80], (i / 2) * 3);
  return shifted;
}

/**
 * JIS X 0201: ASCII below 80H (its yen sign is DICOM's backslash, PS3.5 §6.1.2.3), half-width katakana from
 * A1H to DFH.
 */
function decodeKatakana(bytes: Uint8Array): DecodedText {
  let text = '';
  let damaged = false;
  for (const byte of bytes) {
    if (byte < 0x80) text += byte === 0x7e ? '\u203e' : String.fromCharCode(byte);
    else if (byte >= 0xa1 && byte <= 0xdf) text += String.fromCharCode(0xff61 + byte - 0xa1);
    else {
      text += '\ufffd';
      damaged = true;
    }
  }
  return { text, damaged };
}
