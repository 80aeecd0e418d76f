/**
 * Finds the parts of names as they stand in texts without being written as in the header: with an ending of
 * their language, with one wrong letter, split in two, or letter by letter.
 *
 * The rules. An ending counts behind parts of five letters and more, in Cyrillic of four: one of the lists
 * below, behind the part or instead of its last vowel ("Kowalska", "Kowalskiej"), in Greek instead of the
 * ending; behind Finnish "-nen" ("-sen", "-selle"), Slavic "-ek" and "-ec" ("Marka"), and Hungarian "-al" behind
 * the consonant repeated. One letter may be wrong, missing, too many or changed with its neighbour in parts of
 * six letters and more. Words of the trade are nobody's name.
 */
import { fold } from './fold.ts';
import type { Budget } from './search-sources.ts';
import type { Span } from './text-patterns.ts';
import { VOCABULARY } from './vocabulary.ts';

const INFLECTED_LEAST = 5;
const CYRILLIC_LEAST = 4;
const TYPO_LEAST = 6;
const SPLIT_LEAST = 5;
const SPACED_LEAST = 4;
/** No name is longer. */
const WORD_MOST = 40;
/** Of both ends of a part: an error leaves one of them as it is. */
const END = 3;

/** Folded: cases of Polish, Czech, Slovak, Slovene and Croatian; of Finnish, Hungarian, Russian in Latin letters. */
const ENDINGS = new Set(
  (
    'a e i o u y em iem om ow owi ovi ou ej iej im ym ich ych ami ach am ego emu ie owa owej ova ove ovou ' +
    'n en in ta ssa sta lla lta lle ksi na essa esta ella elta elle eksi ena ' +
    't at et ot nak nek val vel ban ben bol rol tol hoz hez ra re nal nel on ert ig ' +
    'oi oj oy'
  ).split(' '),
);
/** Of Russian and Ukrainian. */
const CYRILLIC_ENDINGS = new Set(
  fold(
    'а я у ю ы и е о ь ой ей ою ею ом ем ам ям ами ями ах ях ов ев ого его ому ему ым им ых их ая яя ую юю ий ый ые ие і ї є ові',
  ).text.split(' '),
);
/** Of Greek: the other cases of names in -os, -is, -as and -a. */
const GREEK_ENDINGS = new Set(fold('ος ου ο ε οι ων ους ης η ας α ες ηδες ηδων αδες αδων').text.split(' '));
const ENDING_MOST = 4;

const CYRILLIC = /^\p{Script=Cyrillic}+$/u;
const GREEK = /^\p{Script=Greek}+$/u;
const WORD = /\p{L}+/gu;
const SPLIT = /^(?:['`-]\s{0,2}|\s{1,3})$/;
/** Letters one by one. */
const SPACED = /(?<!\p{L})\p{L}(?:[\s._-]{1,2}\p{L}(?!\p{L})){3,40}/gu;

/** Slavic "-ek" and "-ec" lose their vowel: "Marek", "Marka". */
const WITHOUT_VOWEL = 'a u i y em owi ovi om ow ami ach ou'.split(' ');
function shortened(part: string): string[] {
  if (part.length < INFLECTED_LEAST || !/e[kc]$/.test(part)) return [];
  return WITHOUT_VOWEL.map((ending) => part.slice(0, -2) + part.slice(-1) + ending);
}

/** The part without each ending that it may have. */
function stemsOf(part: string): string[] {
  if (CYRILLIC.test(part)) {
    if (part.length < CYRILLIC_LEAST) return [];
    return [part, part.replace(/(?:[иыо]и|[ая]я|[аяьоеиыую])$/u, '')];
  }
  if (part.length < INFLECTED_LEAST) return [];
  if (GREEK.test(part)) return [part.replace(/(?:[οηα]σ|ου|[οηα])$/u, '')];
  const stems = [part, part.replace(/[aeiouy]$/, '')];
  if (part.endsWith('nen') && part.length > INFLECTED_LEAST) stems.push(`${part.slice(0, -3)}s`);
  return stems;
}

/** Whether they differ by one letter that is wrong, missing, too many or changed with its neighbour. */
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

/** In six letters, two that changed places in the middle touch both ends. */
const swapped = (part: string): string => part.slice(0, 2) + part[3] + part[2] + part.slice(4);

interface Index {
  readonly parts: ReadonlySet<string>;
  readonly stems: ReadonlySet<string>;
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
  return { parts, stems: new Set(all.flatMap(stemsOf)), shortened: new Set(all.flatMap(shortened)), byEnd };
}

/** The ranges of folded text that hold a part of a name, not as the header writes it. */
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

function isNear(index: Index, word: string, budget: Budget): boolean {
  const { stems, byEnd } = index;
  if (word.length < CYRILLIC_LEAST || word.length > WORD_MOST || VOCABULARY.has(word)) return false;
  const endings = CYRILLIC.test(word) ? CYRILLIC_ENDINGS : GREEK.test(word) ? GREEK_ENDINGS : ENDINGS;
  for (let letters = 1; letters <= ENDING_MOST && letters < word.length; letters += 1)
    if (endings.has(word.slice(-letters)) && stems.has(word.slice(0, -letters))) return true;
  // "Horváthtal": "-val" takes on the consonant before it.
  const [, stem = '', consonant = ''] = /^(.+)([^aeiou])[ae]l$/.exec(word) ?? [];
  if (stems.has(stem) && stem.slice(-2).includes(consonant)) return true;
  if (index.shortened.has(word)) return true;
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

/** Three letters that a text must hold where the finder finds a part (screen-bytes.ts). */
export function nearBeginningsOf(parts: ReadonlySet<string>): string[] {
  return [...parts].flatMap((part) => {
    const own = part.slice(0, END);
    if (part.length < TYPO_LEAST) return [own];
    const ends = [own, part.slice(-END)];
    return part.length === TYPO_LEAST ? [...ends, swapped(part).slice(0, END)] : ends;
  });
}
