/**
 * Finds parts of names that a text does not write as the header does: with an inflectional ending, with one wrong
 * letter, split in two, or letter by letter.
 *
 * The rules: Up to three endings of a language in a row count ("Virtasellekin", "Kowalczykówna"). They count behind
 * parts of at least five letters (four in Cyrillic), or instead of the part's last vowel ("Kowalska", "Kowalskiej");
 * in Greek they replace the ending. They also count behind changed stems: Finnish "-nen" ("-sen", "-selle") and
 * weakened consonants ("Lehdon"), Slavic "-ek" and "-ec" ("Marka"), and Hungarian "-al" after a doubled consonant.
 * Behind shorter parts only longer endings count. In parts of at least six letters, one letter may be wrong, missing,
 * superfluous or swapped with its neighbour. Medical and technical words are never names, and no ordinary word counts
 * as an inflected name.
 */
import { fold } from './fold.ts';
import { ORDINARY_WORDS } from './ordinary-words.ts';
import type { Budget } from './search-sources.ts';
import type { Span } from './text-patterns.ts';
import { VOCABULARY } from './vocabulary.ts';

const INFLECTED_LEAST = 5;
const CYRILLIC_LEAST = 4;
/** Parts and stems shorter than this take no endings. */
const SHORTEST = 3;
const LEAST_BEHIND_A_SHORT_ONE = 3;
/** Behind a stem of this length, only unambiguous endings count. */
const SHORTEST_STEM = 4;
const TYPO_LEAST = 6;
const SPLIT_LEAST = 5;
const SPACED_LEAST = 4;
/** Words longer than this are not compared, because no name is longer. */
const WORD_MOST = 40;
/** How many letters at each end of a part are indexed. A single error leaves at least one end unchanged. */
const END = 3;

/**
 * Endings, folded: cases of Polish, Czech, Slovak, Slovene and Croatian; of Finnish and Estonian; of Hungarian and
 * Turkish; of German, Scandinavian, Baltic and Romanian names; of Russian in Latin letters.
 */
const ENDINGS = new Set(
  (
    'a e i o u y em iem om ow owi owie ovi ou ej iej im ym ich ych ami ach am ego emu eho ie owa owej owna owny ' +
    'ova ove ovou ovych ovym ymi um ovog ovoj ovih ovima oh ' +
    'n en in ta tta ssa sta lla lta lle ksi na essa esta ella elta elle eksi ena ten ia issa ista illa ilta ille ' +
    'nsa ensa kin kaan ko han ga lt st ks sse ' +
    't at et ot nak nek val vel ban ben bol rol tol hoz hez ra re nal nel on ert ig ek ne ' +
    'un dan den tan tin da de lar ler gil ki nin nun ya ye nda nde ndan nden ' +
    's es ens sche schen scher sches schem ska arna arnas erne ernes ar um as ui us ului ul lui ilor ' +
    'le ele ul kal kel ren rekin rentzat oi oj oy'
  ).split(' '),
);
/** Endings of Russian and Ukrainian. */
const CYRILLIC_ENDINGS = new Set(
  fold(
    'а я у ю ы и е о ь ой ей ою ею ом ем ам ям ами ями ах ях ов ев ого его ому ему ым им ых их ая яя ую юю ий ый ые ие і ї є ові',
  ).text.split(' '),
);
/** Endings of Greek: the other cases of names in -os, -is, -as and -a. */
const GREEK_ENDINGS = new Set(fold('ος ου ο ε οι ων ους ης η ας α ες ηδες ηδων αδες αδων').text.split(' '));
/** The most letters that the endings of a word have together. */
const ENDING_MOST = 9;
const ENDINGS_IN_A_ROW = 3;
/**
 * First the endings that count behind a stem of three letters, then the short ones that count behind a part of four.
 */
const LONG_ENDINGS = new Set('iem owi owie ovi owej owna ovou eho emu ego'.split(' '));
const SHORT_ENDINGS = new Set('a u em om ow ou ej ym ne le ga lt'.split(' '));
const ORDINARY: ReadonlySet<string> = new Set(ORDINARY_WORDS.map((word) => fold(word).text));

const CYRILLIC = /^\p{Script=Cyrillic}+$/u;
const GREEK = /^\p{Script=Greek}+$/u;
const WORD = /\p{L}+/gu;
const SPLIT = /^(?:['`-]\s{0,2}|\s{1,3})$/;
/** A word written letter by letter. */
const SPACED = /(?<!\p{L})\p{L}(?:[\s._-]{1,2}\p{L}(?!\p{L})){3,40}/gu;

/** Slavic "-ek" and "-ec" lose their vowel: "Marek", "Marka". */
const WITHOUT_VOWEL = 'a e u i y em owi ovi ove ovou om ow ami ach ou'.split(' ');
/** "Kováccsal": Hungarian doubles a two-letter consonant by repeating its first letter. */
const DIGRAPH = /(?:cs|gy|ly|ny|sz|ty|zs)$/;
function shortened(part: string): string[] {
  if (DIGRAPH.test(part))
    return ['al', 'el'].map((ending) => part.slice(0, -2) + part.at(-2) + part.slice(-2) + ending);
  if (part.length < INFLECTED_LEAST || !/e[kc]$/.test(part)) return [];
  return WITHOUT_VOWEL.map((ending) => part.slice(0, -2) + part.slice(-1) + ending);
}

/** Finnish consonant gradation: "Lehto", "Lehdon"; "Mäki", "Mäelle". */
const WEAK: readonly (readonly [strong: RegExp, weak: string])[] = [
  [/([lnr])t(?=[aeiouy]$)/, '$1$1'],
  [/(?<=[aeiouyh])t(?=[aeiouy]$)/, 'd'],
  [/([kpt])\1(?=[aeiouy]$)/, '$1'],
  [/(?<=[aeiouyhlr])k(?=[aeiouy]$)/, ''],
  [/(?<=[aeiouylr])p(?=[aeiouy]$)/, 'v'],
];
const weakened = (part: string): string[] =>
  WEAK.filter(([strong]) => strong.test(part)).flatMap(([strong, weak]) => {
    const stem = part.replace(strong, weak);
    return [stem, stem.replace(/i$/, 'e')];
  });

/** The stems of a part, each with the minimum length of the ending that may follow it. */
function stemsOf(part: string): [stem: string, least: number][] {
  const { length } = part;
  if (CYRILLIC.test(part)) {
    const stems = [part, part.replace(/(?:[иыо]и|[ая]я|[аяьоеиыую])$/u, '')];
    return length < CYRILLIC_LEAST ? [] : stems.map((stem) => [stem, 1]);
  }
  if (GREEK.test(part))
    return length < INFLECTED_LEAST ? [] : [[part.replace(/(?:[οηα]σ|ου|[οηα])$/u, ''), 1]];
  const least = length < INFLECTED_LEAST ? LEAST_BEHIND_A_SHORT_ONE : 1;
  if (length < SHORTEST || (length < INFLECTED_LEAST && ORDINARY.has(part))) return [];
  const stems = [part, part.replace(/[aeiouy]$/, ''), ...weakened(part)];
  if (length > INFLECTED_LEAST)
    stems.push(part.replace(/nen$/, 's'), part.replace(/(?:[aiuy]s|(?<=[nlr])s)$/, ''));
  return stems
    .filter((stem) => stem.length >= SHORTEST)
    .map((stem) => [stem, stem.length === SHORTEST ? SHORTEST_STEM : least]);
}
/** Whether two words differ by one letter that is wrong, missing, superfluous or swapped with its neighbour. */
export function isOneTypo(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at += 1;
  if (short.length < long.length) return short.slice(at) === long.slice(at + 1);
  if (short.slice(at + 1) === long.slice(at + 1)) return true;
  return (
    short[at] === long[at + 1] && short[at + 1] === long[at] && short.slice(at + 2) === long.slice(at + 2)
  );
}

/** A part of six letters with its two middle letters swapped, which changes both indexed ends. */
const swapped = (part: string): string => part.slice(0, 2) + part[3] + part[2] + part.slice(4);

interface Index {
  readonly parts: ReadonlySet<string>;
  /** Stems, with the minimum length of an ending behind each. */
  readonly stems: ReadonlyMap<string, number>;
  /** The first letters of the stems. Nearly all words begin differently. */
  readonly beginnings: ReadonlySet<string>;
  readonly shortened: ReadonlySet<string>;
  readonly byEnd: ReadonlyMap<string, readonly string[]>;
}

function indexOf(parts: ReadonlySet<string>): Index {
  const byEnd = new Map<string, string[]>();
  const put = (key: string, part: string) => {
    const known = byEnd.get(key);
    if (known === undefined) byEnd.set(key, [part]);
    else known.push(part);
  };
  for (const part of parts) {
    if (part.length < TYPO_LEAST) continue;
    put(`^${part.slice(0, END)}`, part);
    put(`${part.slice(-END)}$`, part);
    if (part.length === TYPO_LEAST) put(swapped(part), part);
  }
  const all = [...parts];
  const stems = all.flatMap(stemsOf).toSorted((a, b) => b[1] - a[1]);
  return {
    parts,
    stems: new Map(stems),
    beginnings: new Set(stems.map(([stem]) => stem.slice(0, END))),
    shortened: new Set(all.flatMap(shortened)),
    byEnd,
  };
}

/** Finds the ranges of folded text that hold a part of a name in another form than the header's. */
export function createNearFinder(parts: ReadonlySet<string>): (text: string, budget: Budget) => Span[] {
  const index = indexOf(parts);
  if (parts.size === 0) return () => [];
  return (text, budget) => {
    const found: Span[] = [];
    let before: { readonly word: string; readonly start: number; readonly end: number } | null = null;
    for (const match of text.matchAll(WORD)) {
      budget.left -= 1;
      if (budget.left < 0) return found;
      const word = match[0];
      const start = match.index;
      const end = start + word.length;
      if (isNear(index, word, budget)) found.push([start, end]);
      if (before !== null && isSplit(index, before.word + word, text.slice(before.end, start)))
        found.push([before.start, end]);
      before = { word, start, end };
    }
    return [...found, ...findSpaced(index, text, budget)];
  };
}

function isSplit({ parts }: Index, whole: string, between: string): boolean {
  return whole.length >= SPLIT_LEAST && parts.has(whole) && SPLIT.test(between);
}

function isInflected(ending: string, endings: ReadonlySet<string>, least: number): boolean {
  if (least === SHORTEST_STEM) return LONG_ENDINGS.has(ending);
  return (ending.length >= least || SHORT_ENDINGS.has(ending)) && isRow(ending, endings, ENDINGS_IN_A_ROW);
}

/** Whether a string is one ending, or at most `most` endings in a row. */
function isRow(ending: string, endings: ReadonlySet<string>, most: number): boolean {
  if (endings.has(ending)) return true;
  if (most <= 1 || endings === CYRILLIC_ENDINGS) return false;
  for (let at = 1; at < ending.length; at += 1)
    if (endings.has(ending.slice(0, at)) && isRow(ending.slice(at), endings, most - 1)) return true;
  return false;
}

function isInflectedPart({ stems, beginnings, shortened }: Index, word: string): boolean {
  if (!beginnings.has(word.slice(0, END)) && !beginnings.has(word.slice(0, END - 1))) return false;
  const endings = CYRILLIC.test(word) ? CYRILLIC_ENDINGS : GREEK.test(word) ? GREEK_ENDINGS : ENDINGS;
  for (let letters = 1; letters <= ENDING_MOST && letters < word.length; letters += 1) {
    const least = stems.get(word.slice(0, -letters));
    if (least !== undefined && isInflected(word.slice(-letters), endings, least) && !ORDINARY.has(word))
      return true;
  }
  // "Horváthtal": the v of "-val" assimilates to the consonant before it.
  const [, stem = '', consonant = ''] = /^(.+)([^aeiou])[ae]l$/.exec(word) ?? [];
  if (stem !== '' && stems.has(stem) && stem.slice(-2).includes(consonant)) return true;
  return shortened.has(word);
}

function isNear(index: Index, word: string, budget: Budget): boolean {
  const { byEnd } = index;
  if (word.length < CYRILLIC_LEAST || word.length > WORD_MOST || VOCABULARY.has(word)) return false;
  if (isInflectedPart(index, word)) return true;
  if (word.length < TYPO_LEAST - 1) return false;
  return [`^${word.slice(0, END)}`, `${word.slice(-END)}$`, word].some((key) =>
    (byEnd.get(key) ?? []).some((part) => {
      budget.left -= 1;
      return part !== word && isOneTypo(part, word);
    }),
  );
}

function findSpaced({ parts }: Index, text: string, budget: Budget): Span[] {
  return [...text.matchAll(SPACED)].flatMap((match): Span[] => {
    const letters = match[0].replace(/\P{L}/gu, '');
    budget.left -= parts.size;
    const isNamed = [...parts].some((part) => part.length >= SPACED_LEAST && letters.includes(part));
    return isNamed ? [[match.index, match.index + match[0].length]] : [];
  });
}

/** The three-letter strings of which a text must contain one for the finder to find a part (screen-bytes.ts). */
export function nearBeginningsOf(parts: ReadonlySet<string>): string[] {
  return [...parts].flatMap((part) => {
    const own = [part.slice(0, END), ...weakened(part).map((stem) => stem.slice(0, END))];
    if (part.length < TYPO_LEAST) return own;
    const ends = [...own, part.slice(-END)];
    return part.length === TYPO_LEAST ? [...ends, swapped(part).slice(0, END)] : ends;
  });
}
