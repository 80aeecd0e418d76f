/**
 * Folds text for comparison: without case, accents and letter variants (NFKD without combining marks), with a mapping
 * back to the text as written. The same name is written in different ways: "MÜLLER", "Mueller", "Muller", half-width
 * and full-width katakana.
 */

/** Letters that NFKD does not decompose. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  ø: 'o',
  æ: 'ae',
  œ: 'oe',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
  ħ: 'h',
  ς: 'σ',
  '’': "'",
  '‘': "'",
};
/** How these letters are spelt on keyboards that lack them. */
const SPELT: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', ø: 'oe', å: 'aa' };

/** Scripts without spaces between words. A name in such a script is also found inside a longer word. */
export const WITHOUT_SPACES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;

export interface Folded {
  readonly text: string;
  /**
   * The range of the original that corresponds to [start, end) of `text`: whole characters with their marks.
   */
  rangeOf(start: number, end: number): readonly [start: number, end: number];
}

/** Hiragana, and the distance in Unicode from hiragana to katakana. */
const HIRAGANA = /[\u3041-\u3096]/u;
const TO_KATAKANA = 0x60;

function foldCharacter(character: string): string {
  const plain = character.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  if (HIRAGANA.test(plain))
    return [...plain].map((kana) => String.fromCodePoint(kana.codePointAt(0)! + TO_KATAKANA)).join('');
  return LETTERS[plain] ?? plain;
}

export function fold(text: string): Folded {
  let folded = '';
  const origin: number[] = [];
  let at = 0;
  for (const character of text) {
    const plain = foldCharacter(character);
    for (let i = 0; i < plain.length; i += 1) origin.push(at);
    folded += plain;
    at += character.length;
  }
  return {
    text: folded,
    rangeOf(start, end) {
      let next = end;
      while (next < origin.length && origin[next] === origin[end - 1]) next += 1;
      return [origin[start]!, next < origin.length ? origin[next]! : text.length];
    },
  };
}

/**
 * The spellings of a word: folded, with its umlauts spelt out, and, if they are already spelt out, without the extra
 * vowel.
 */
export function spellingsOf(word: string): readonly string[] {
  const lower = word.normalize('NFC').toLowerCase();
  const spelt = [...lower].map((character) => SPELT[character] ?? character).join('');
  const plain = fold(lower).text;
  return [...new Set([plain, fold(spelt).text, plain.replace(/([aou])e/g, '$1')])];
}
