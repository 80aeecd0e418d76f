/**
 * Converts text to the letters of the standard PDF fonts (PDF 32000-1 Annex D, WinAnsiEncoding). Other Latin letters
 * lose their accents, Cyrillic and Greek become Latin letters, and anything else becomes a question mark.
 */
import { transliterationsOf } from '#shared/deid/text/transliterations.ts';

/** Windows-1252 without its control characters. */
const PRINTABLE = /[\x20-\x7e\xa0-\xff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]/u;
/** Letters and signs that Unicode does not decompose into a printable form. */
const PLAIN: Readonly<Record<string, string>> = {
  ...{ ł: 'l', Ł: 'L', đ: 'd', Đ: 'D', ħ: 'h', Ħ: 'H', ı: 'i', ĸ: 'k', ŋ: 'n', Ŋ: 'N', ŧ: 't', Ŧ: 'T' },
  ...{
    '\t': ' ',
    '\u2010': '-',
    '\u2011': '-',
    '\u2212': '-',
    '\u2009': ' ',
    '\u202f': ' ',
    '≥': '>=',
    '≤': '<=',
  },
};
const WORD = /[\p{L}\p{M}]+/gu;

/** Line feeds are kept. */
export function printable(text: string): string {
  const composed = text.normalize('NFC').replace(WORD, inLatin);
  return [...composed].map((character) => (character === '\n' ? character : letterOf(character))).join('');
}

/** Whether no character of the text becomes a question mark. */
export const isPrintable = (text: string): boolean =>
  printable(text).split('?').length === text.split('?').length;

function inLatin(word: string): string {
  const [latin] = transliterationsOf(word);
  if (latin === undefined) return word;
  return /^\p{Lu}/u.test(word) ? latin.slice(0, 1).toUpperCase() + latin.slice(1) : latin;
}

function letterOf(character: string): string {
  if (PRINTABLE.test(character)) return character;
  const plain = PLAIN[character] ?? character.normalize('NFKD').replace(/\p{M}/gu, '');
  return plain !== '' && [...plain].every((one) => PRINTABLE.test(one)) ? plain : '?';
}
