/**
 * Transliterates names from Cyrillic or Greek into Latin letters: as in passports (ICAO Doc 9303-3 §6), as English
 * speakers write them (BGN/PCGN), and Greek by ELOT 743. near-words.ts covers a further wrong letter. The tables are
 * folded.
 */
type Letters = ReadonlyMap<string, string>;

const lettersOf = (list: string): Letters =>
  new Map(list.split(' ').map((pair) => [pair[0]!, pair.slice(1)] as const));

const CYRILLIC =
  'аa бb вv гg дd еe жzh зz иi кk лl мm нn оo пp рr сs тt уu фf хkh чch шsh щshch ыy ь эe єie іi';
const PASSPORT = lettersOf(`${CYRILLIC} цts ъie юiu яia йi ёe їi`);
const ENGLISH = lettersOf(`${CYRILLIC} цts ъ юyu яya йy ёyo їyi`);
const GREEK = lettersOf('αa βv γg δd εe ζz ηi θth ιi κk λl μm νn ξx οo πp ρr σs ςs τt υy φf χch ψps ωo');
const GREEK_PAIRS: readonly (readonly [RegExp, string])[] = [
  [/ου/g, 'οu'],
  [/αυ/g, 'av'],
  [/ευ/g, 'ev'],
  [/γγ/g, 'ng'],
  [/^μπ/, 'b'],
];

const written = (word: string, letters: Letters): string =>
  [...word].map((letter) => letters.get(letter) ?? letter).join('');

/** The transliterations of a word; none for other scripts. */
export function transliterationsOf(word: string): readonly string[] {
  const lower = word.normalize('NFC').toLowerCase();
  if (/^[\p{Script=Cyrillic}-]+$/u.test(lower)) {
    const english = written(lower, ENGLISH);
    return [...new Set([written(lower, PASSPORT), english, english.replace(/[iy]{2}$/, 'y')])];
  }
  const plain = lower.normalize('NFD').replace(/\p{M}/gu, '');
  if (!/^[\p{Script=Greek}-]+$/u.test(plain)) return [];
  return [
    written(
      GREEK_PAIRS.reduce((said, [pair, latin]) => said.replace(pair, latin), plain),
      GREEK,
    ),
  ];
}
