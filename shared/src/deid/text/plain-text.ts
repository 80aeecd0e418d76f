/**
 * Normalises the characters of a text: digits of every script and full-width forms become ASCII, every dash a hyphen,
 * every space a plain space, and characters without width (Cf: soft hyphens, zero-width spaces, direction marks) are
 * dropped. Case and accents stay, because names are recognised by their capitals.
 */
import type { Folded } from './fold.ts';

const DASHES = /\p{Pd}|\u2212/u;
const FULL_WIDTH = /[\uff01-\uff5e]/;
const ASCII_ONLY = /^[\0-\x7f]*$/;

/** Unicode encodes the ten digits of a script consecutively. */
function digitOf(character: string): string {
  const compatible = character.normalize('NFKC');
  if (/^[0-9]$/.test(compatible)) return compatible;
  const code = character.codePointAt(0)!;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value += 1;
  return String(value);
}

function plainCharacter(character: string): string {
  if (character <= '\x7f') return character;
  if (/\p{Cf}/u.test(character)) return '';
  if (/\p{Nd}/u.test(character)) return digitOf(character);
  if (FULL_WIDTH.test(character)) return character.normalize('NFKC');
  if (/\p{Zs}/u.test(character)) return ' ';
  return DASHES.test(character) ? '-' : character;
}

/** `rangeOf` maps back to the text as written. Characters that were dropped within a range belong to it. */
export function plainOf(text: string): Folded {
  if (ASCII_ONLY.test(text)) return { text, rangeOf: (start, end) => [start, end] };
  let plain = '';
  const origin: number[] = [];
  let at = 0;
  for (const character of text) {
    const written = plainCharacter(character);
    for (let i = 0; i < written.length; i += 1) origin.push(written.length === 1 ? at : at + i);
    plain += written;
    at += character.length;
  }
  origin.push(at);
  return { text: plain, rangeOf: (start, end) => [origin[start]!, origin[end]!] };
}
