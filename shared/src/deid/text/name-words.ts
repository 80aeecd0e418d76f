/**
 * The words of a text as names-in-text.ts reads them: which of them can be part of a name, and where a name that
 * begins with one ends.
 */
import { composePattern } from '../../compose-pattern.ts';
import { trimEnd } from '../../trim-end.ts';
import { fold, WITHOUT_SPACES } from './fold.ts';
import { BETWEEN_NAMES, CUES } from './name-cues.ts';
import { ORDINARY_WORDS } from './ordinary-words.ts';
import { VOCABULARY } from './vocabulary.ts';

export interface Word {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The word in folded form. */
  readonly key: string;
}

export type Kind = 'name' | 'relation' | 'role' | 'patient' | 'title' | 'behind-a-title' | 'by';
export interface Cue {
  readonly kind: Kind;
  readonly words: readonly string[];
}

/** The lists of the twelve languages, prepared for searching. They are built once, when the first text needs them. */
interface Lists {
  /** By their first word; the longest cues come first. */
  readonly cues: ReadonlyMap<string, readonly Cue[]>;
  readonly titles: ReadonlySet<string>;
  readonly ordinary: ReadonlySet<string>;
  readonly things: ReadonlySet<string>;
  readonly verbs: ReadonlySet<string>;
  readonly between: ReadonlySet<string>;
}

/** A word. A run longer than any real word is cut into pieces of this length, none of which is a cue. */
const WORD = /\p{L}[\p{L}\p{M}'’-]{0,64}/gu;
export const keyOf = (word: string): string =>
  /^[\0-\x7f]*$/.test(word) ? word.toLowerCase() : fold(word).text;
const foldedSet = (words: Iterable<string>): ReadonlySet<string> => new Set([...words].map(keyOf));
const phrasesOf = (lists: readonly string[]): string[] => lists.flatMap((list) => list.split('|'));

function createLists(): Lists {
  const cues = new Map<string, Cue[]>();
  const note = (kind: Kind, phrases: readonly string[]): void => {
    for (const phrase of phrases) {
      const words = phrase.split(' ').map(keyOf);
      const known = cues.get(words[0]!) ?? [];
      cues.set(words[0]!, [...known, { kind, words }]);
    }
  };
  note('name', phrasesOf(CUES.NAMES));
  note('relation', phrasesOf([CUES.RELATIONS]));
  note('role', phrasesOf(CUES.ROLES));
  note('patient', phrasesOf([CUES.PATIENTS]));
  note('title', phrasesOf(CUES.TITLES));
  note('behind-a-title', phrasesOf([CUES.BEHIND_A_TITLE]));
  for (const [done, by] of CUES.DONE)
    for (const preposition of by.split('|'))
      note(
        'by',
        done.split('|').map((word) => `${word} ${preposition}`),
      );
  note('by', phrasesOf([CUES.DOERS]));
  for (const some of cues.values()) some.sort((a, b) => b.words.length - a.words.length);
  return {
    cues,
    titles: foldedSet(phrasesOf(CUES.TITLES).filter((phrase) => !phrase.includes(' '))),
    ordinary: new Set([...VOCABULARY, ...foldedSet([...ORDINARY_WORDS, ...phrasesOf([CUES.OF_A_THING])])]),
    things: foldedSet(phrasesOf([CUES.OF_A_THING])),
    verbs: foldedSet(phrasesOf([CUES.VERBS])),
    between: foldedSet(BETWEEN_NAMES),
  };
}

const made: { lists: Lists | null } = { lists: null };
export function listsOf(): Lists {
  made.lists ??= createLists();
  return made.lists;
}

export function wordsOf(text: string): Word[] {
  return [...text.matchAll(WORD)].map((match) => {
    const word = trimEnd(match[0], "'’-");
    return { start: match.index, end: match.index + word.length, text: word, key: keyOf(word) };
  });
}

/** Whether a word is an initial: a single capital, or a small letter that is not a word of its own. */
export const isInitial = ({ text, key }: Word, isLower: boolean, hasDot: boolean): boolean =>
  /^\p{Lu}$/u.test(text) || (isLower && /^\p{Ll}$/u.test(text) && (hasDot || !listsOf().ordinary.has(key)));
export const isCaseless = ({ text }: Word): boolean => /^\p{Lo}/u.test(text);
/** Up to three capitals count as an abbreviation. */
export const isAbbreviation = ({ text }: Word): boolean => /^\p{Lu}{1,3}$/u.test(text);

/** Folded endings of medical terms and of words for actions and properties. Few names end like this. */
export const TERM = composePattern(
  '(?:[st]ion|ment|ness|ity|ing|ism|ist|ly|ous|ive|ble|ic|al|ary|ent|ant|ology|graph[iy]e?|grafi[ae]?|gram|scop[iy]e?|' +
    'skopie|itis|osis|ose|oma|inom|path[iy]e?|e[ck]tom[iy]e?|otomy|ostomy|plast[iy]e?|metry|emia|trophy|megaly|algia|' +
    'lysis|ine|ung|heit|keit|lich|isch|iert|igt|eerd|gelenk|bein|zione|cion|cao|mente|ique|[ae]nce|aire|ante|[aiu]d[oa]|' +
    '[au]t[oa]|ony|[iw][ao]n[ayo]|[ае]н[аоы]?|[еи]т|ость|ние|ция|iyor|ildi|mis|ecek|lar)s?$',
  'u',
);
const SMALL_LEAST = 5;

/**
 * Whether this word can be part of a name. `isLower`: also without a capital, unless it looks like a word of a
 * description.
 */
export function isNameWord(
  word: Word,
  { isLower, isCautious }: Pick<Manner, 'isLower' | 'isCautious'>,
): boolean {
  const { ordinary, titles, verbs } = listsOf();
  if (word.text.length < 2 || ordinary.has(word.key) || titles.has(word.key)) return false;
  if (WITHOUT_SPACES.test(word.text)) return false;
  if (word.text.includes('-') && word.key.split('-').every((part) => ordinary.has(part))) return false;
  if (isCaseless(word) || /^\p{Lu}/u.test(word.text)) return true;
  if (!isLower) return false;
  return !isCautious || (word.key.length >= SMALL_LEAST && !verbs.has(word.key) && !TERM.test(word.key));
}

export interface Reading {
  readonly text: string;
  readonly words: readonly Word[];
}
/** What a name behind a cue may look like. */
export interface Manner {
  readonly isLower: boolean;
  /** Without a capital, only words that do not look like a word of a description count. */
  readonly isCautious: boolean;
  /** Names of one or two capitals count, and initials alone. */
  readonly isShort: boolean;
  readonly most: number;
}
export interface FoundName {
  readonly start: number;
  readonly end: number;
  /** The number of name words, without initials. */
  readonly names: number;
  readonly initials: number;
  /** The first name word, which initials may precede. */
  readonly first: Word;
  /** The index of the word after the name. */
  readonly next: number;
}

const BETWEEN_WORDS = /^(?:[\s_^]{1,2}|\.\s?)$/;
const COMMA = /^,\s?$/;
/** A colon after a word makes it a label, which ends the name: "Patient: Quill Age: 95". */
const COLON_BEHIND = /\s?[:=]/y;
const PARTICLES_MOST = 3;
const INITIALS_MOST = 4;

export function matchesAt(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(text);
}

/** The name that begins with the word at `from`. */
export function nameFrom({ text, words }: Reading, from: number, manner: Manner): FoundName | null {
  const { between } = listsOf();
  const first = words[from];
  if (first === undefined) return null;
  let end = first.start;
  let named: Word | null = null;
  let names = 0;
  let initials = 0;
  let dotted = 0;
  let particles = 0;
  let hasComma = false;
  let next = from;
  for (let at = from; at < words.length && names < manner.most; at += 1) {
    const word = words[at]!;
    const gap = at === from ? ' ' : text.slice(words[at - 1]!.end, word.start);
    const isComma: boolean = COMMA.test(gap) && !hasComma && names === 1;
    if (!BETWEEN_WORDS.test(gap) && !isComma) break;
    if (matchesAt(COLON_BEHIND, text, word.end)) break;
    const hasDot = text[word.end] === '.';
    const isBare = names > 0 || manner.isShort || isBeforeName({ text, words }, at, manner);
    if (isInitial(word, manner.isLower, hasDot) && (hasDot || isBare)) {
      initials += 1;
      dotted += hasDot ? 1 : 0;
      if (initials > INITIALS_MOST) break;
      end = word.end + (hasDot ? 1 : 0);
    } else if (between.has(word.key) && !/^\p{Lu}{2}/u.test(word.text) && particles < PARTICLES_MOST) {
      particles += 1;
      continue;
    } else if (isNameWord(word, manner)) {
      names += 1;
      named ??= word;
      end = word.end;
    } else break;
    hasComma ||= isComma;
    next = at + 1;
  }
  if (names === 0 && !(dotted >= 2 || (initials > 0 && manner.isShort))) return null;
  if (names === 1 && initials === 0 && isAbbreviation(words[next - 1]!) && !manner.isShort) return null;
  return { start: first.start, end, names, initials, first: named ?? first, next };
}

/** Whether an initial without a dot precedes a name, directly or through other initials. */
function isBeforeName({ text, words }: Reading, at: number, manner: Manner): boolean {
  for (let k = at + 1; k <= at + INITIALS_MOST && k < words.length; k += 1) {
    if (!BETWEEN_WORDS.test(text.slice(words[k - 1]!.end, words[k]!.start))) return false;
    if (words[k]!.text.length > 1) return isNameWord(words[k]!, manner);
  }
  return false;
}

export const STRONG: Manner = { isLower: true, isCautious: false, isShort: true, most: 4 };
export const PLAIN: Manner = { isLower: false, isCautious: false, isShort: false, most: 3 };
export const SMALL: Manner = { isLower: true, isCautious: true, isShort: false, most: 2 };
/** For names behind a title that is not a modality, or behind a title that follows another cue. */
export const TITLED: Manner = { ...SMALL, isCautious: false };
/** For names behind dashes or before a degree. */
export const SIGNED: Manner = { isLower: true, isCautious: true, isShort: true, most: 3 };
