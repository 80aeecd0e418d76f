/**
 * Text as it is compared: without case, accents and the letters' variants (NFKD less its marks), with the way
 * back to the text as written. Names are written so and otherwise: "MÜLLER", "Mueller", "Muller", half-width
 * and full-width katakana.
 */

/** Letters that NFKD does not take apart. */
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
/** How they are also written where a keyboard has none of them. */
const SPELT: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', ø: 'oe', å: 'aa' };

/** Scripts that write without spaces: a name is found inside of a longer word too. */
export const WITHOUT_SPACES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;

export interface Folded {
  readonly text: string;
  /**
   * The range of the original that corresponds to [start, end) of `text`: whole characters with their marks.
   */
  rangeOf(start: number, end: number): readonly [start: number, end: number];
}

/** Hiragana, as far from katakana as Unicode puts it. */
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
 * The ways in which a word is written: folded, with its umlauts spelt out, and where they are spelt out
 * already, without.
 */
export function spellingsOf(word: string): readonly string[] {
  const lower = word.normalize('NFC').toLowerCase();
  const spelt = [...lower].map((character) => SPELT[character] ?? character).join('');
  const plain = fold(lower).text;
  return [...new Set([plain, fold(spelt).text, plain.replace(/([aou])e/g, '$1')])];
}
