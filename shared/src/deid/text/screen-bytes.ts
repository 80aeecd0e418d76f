/**
 * Tells from the bytes of a value, without decoding them, whether it can hold a value that the header names. Nearly
 * all kept values cannot, and the others are searched. In ASCII text, the screen never misses anything that the search
 * would find; values that are not ASCII are always searched.
 *
 * The table holds the first three letters or digits of every value that is searched for. Any three consecutive letters
 * or digits in the bytes, ignoring what stands between them, are looked up in it.
 */
import { DAY_MS } from '../../day.ts';
import type { KnownValues } from './known-values.ts';

/** The letters of the Latin alphabet and the digits. */
const SYMBOLS = 36;
const FIRST_DIGIT = 26;
const BESIDE = 254;
const FOREIGN = 255;
const ESCAPE = 0x1b;
const DOT = 0x2e;
/** A UID has at least this many dots (text-patterns.ts). */
const DOTS_OF_A_UID = 4;
/** Digits of the shortest date, 2.5.61. */
const DIGITS_OF_A_DATE = 4;

function symbolOf(byte: number): number {
  if (byte >= 0x80 || byte === ESCAPE) return FOREIGN;
  const value = Number.parseInt(String.fromCharCode(byte), SYMBOLS);
  if (Number.isNaN(value)) return BESIDE;
  return value < 10 ? FIRST_DIGIT + value : value - 10;
}
const SYMBOL_OF = Uint8Array.from({ length: 256 }, (_, byte) => symbolOf(byte));

export interface Screen {
  /** Indexed by three symbols. */
  readonly beginnings: Uint8Array;
  /** Indexed by the last two digits of the year of a known day. */
  readonly years: Uint8Array;
  readonly hasInitials: boolean;
}

const atOf = (a: number, b: number, c: number): number => (a * SYMBOLS + b) * SYMBOLS + c;

/**
 * `beginnings`: three ASCII letters or digits each. Beginnings that are not ASCII are not needed, because such texts
 * are always searched.
 */
export function createScreen(
  beginnings: Iterable<string>,
  { removedDays, namedDays, initials }: KnownValues,
): Screen {
  const table = new Uint8Array(SYMBOLS ** 3);
  for (const three of beginnings) {
    const [a = FOREIGN, b = FOREIGN, c = FOREIGN] = [...three].map(
      (letter) => SYMBOL_OF[letter.codePointAt(0)!] ?? FOREIGN,
    );
    if (a < SYMBOLS && b < SYMBOLS && c < SYMBOLS) table[atOf(a, b, c)] = 1;
  }
  const years = new Uint8Array(100);
  for (const days of [removedDays, namedDays])
    for (const day of days) years[new Date(day * DAY_MS).getUTCFullYear() % 100] = 1;
  return { beginnings: table, years, hasInitials: initials.size > 0 };
}

export function mayHoldKnown({ beginnings, years, hasInitials }: Screen, bytes: Uint8Array): boolean {
  let first = FOREIGN;
  let second = FOREIGN;
  let digits = 0;
  let dots = 0;
  let initials = 0;
  let hasYear = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const symbol = SYMBOL_OF[bytes[at]!]!;
    if (symbol === FOREIGN) return true;
    if (symbol === BESIDE) {
      if (bytes[at] !== DOT) continue;
      dots += 1;
      if (at > 0 && SYMBOL_OF[bytes[at - 1]!]! < FIRST_DIGIT) initials += 1;
      continue;
    }
    if (first !== FOREIGN && beginnings[atOf(first, second, symbol)] === 1) return true;
    if (symbol >= FIRST_DIGIT) {
      digits += 1;
      const isPair = second !== FOREIGN && second >= FIRST_DIGIT;
      hasYear ||= isPair && years[(second - FIRST_DIGIT) * 10 + symbol - FIRST_DIGIT] === 1;
    }
    first = second;
    second = symbol;
  }
  return dots >= DOTS_OF_A_UID || (hasYear && digits >= DIGITS_OF_A_DATE) || (hasInitials && initials >= 2);
}

/** The fewest digits of a whole number that can be an identifier or a day (IS, DS). */
const DIGITS_OF_A_NUMBER = 6;
const BACKSLASH = 0x5c;
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

/** Whether one of the values of IS or DS may be a whole number with enough digits. */
export function mayHoldWhole(bytes: Uint8Array): boolean {
  if (bytes.length < DIGITS_OF_A_NUMBER) return false;
  let digits = 0;
  let isFraction = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (byte === BACKSLASH) {
      digits = 0;
      isFraction = false;
    } else if (byte === DOT) isFraction = true;
    else if (!isFraction && isDigit(byte)) digits += 1;
    if (digits >= DIGITS_OF_A_NUMBER) return true;
  }
  return false;
}
