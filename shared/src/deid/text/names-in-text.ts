/**
 * Finds names that the header does not contain, by the cues next to them: a label with a colon, a role, a title, a
 * degree, or the caret form of PS3.5 §6.2.1. Medical and technical words and words of everyday descriptions do not
 * count as names: missing a person called Head is better than removing the word from a description.
 *
 * It takes one pass over the words of a text, and looks up each word. The text read around a cue is bounded.
 */
import { composePattern } from '../../compose-pattern.ts';
import {
  AMBIGUOUS_TITLES,
  BEHIND_A_NAME,
  BEHIND_A_SIGNATURE,
  TITLES_WITH_A_CAPITAL,
  TITLES_WITH_A_DOT,
} from './name-cues.ts';
import {
  type Cue,
  type FoundName,
  isAbbreviation,
  isCaseless,
  isInitial,
  isNameWord,
  keyOf,
  type Kind,
  listsOf,
  type Manner,
  matchesAt,
  nameFrom,
  PLAIN,
  type Reading,
  SIGNED,
  SMALL,
  STRONG,
  TERM,
  TITLED,
  type Word,
  wordsOf,
} from './name-words.ts';
import { ORDINARY_BEGINNINGS } from './ordinary-words.ts';
import type { Span } from './text-patterns.ts';

const COLON = /[.)\]]?\s{0,2}(?:\(\p{L}{1,3}\))?\s?[:=]\s{0,3}["“„«(]?/uy;
const SPACE = /\.?[\s_]{1,2}["“„«(]?|\./uy;

/** Where the text after a cue begins, and whether a colon separates the two. */
function behindCue(text: string, at: number): { readonly at: number; readonly hasColon: boolean } | null {
  if (matchesAt(COLON, text, at)) return { at: COLON.lastIndex, hasColon: true };
  return matchesAt(SPACE, text, at) ? { at: SPACE.lastIndex, hasColon: false } : null;
}

const WITHIN_A_PHRASE = /^[\s./'-]{1,3}$/;

/** The index after the last word of a cue that begins at `at`; null if the cue is not there. */
function endOfCue({ text, words }: Reading, at: number, cue: Cue): number | null {
  for (let i = 0; i < cue.words.length; i += 1) {
    const word = words[at + i];
    if (word === undefined || word.key !== cue.words[i]) return null;
    if (i > 0 && !WITHIN_A_PHRASE.test(text.slice(words[at + i - 1]!.end, word.start))) return null;
  }
  return at + cue.words.length;
}

/** The most titles in a row. */
const TITLES_MOST = 5;

/** The index after the titles, or parts of titles, that begin at `from`; `from` if there are none. */
function behindTitles(reading: Reading, from: number, kinds: readonly Kind[]): number {
  const { text, words } = reading;
  let place = from;
  for (let titles = 0; titles < TITLES_MOST; titles += 1) {
    const cues = listsOf().cues.get(words[place]?.key ?? '') ?? [];
    const end = cues
      .filter(({ kind }) => kinds.includes(kind))
      .map((cue) => endOfCue(reading, place, cue))
      .find((at) => at !== null && words[at]?.start === behindCue(text, words[at - 1]!.end)?.at);
    if (end === undefined || end === null) break;
    place = end;
  }
  return place;
}

/**
 * Before a single word, DR means the modality more often than a doctor, unless the word is long and not a medical or
 * technical one.
 */
const LONG_NAME = 5;

function isTitleHere(title: Word, hasDot: boolean, isPhrase: boolean, found: FoundName): boolean {
  if (hasDot || isPhrase || found.initials > 0) return true;
  if (title.text === 'DR') return found.names > 1 || found.first.text.length >= LONG_NAME;
  return !AMBIGUOUS_TITLES.has(title.text) && !TITLES_WITH_A_DOT.has(title.key);
}

/** Titles that also count before a name without a capital: those that are neither ordinary words nor modalities. */
const isBeforeSmall = ({ text, key }: Word, hasDot: boolean): boolean =>
  !TITLES_WITH_A_CAPITAL.has(key) &&
  !/^\p{Lu}{2}/u.test(text) &&
  (hasDot || key === 'dr' || key === 'prof' || !AMBIGUOUS_TITLES.has(text.toUpperCase()));

/** The sentence ends here. */
const END_OF_A_PHRASE = /(?![ _]{0,2}\p{L})/uy;
/** "mother, Ann Quill, reports" */
const BEHIND_A_COMMA = /,\s/uy;

/** Words between a relation and the person's name. */
const OF: ReadonlySet<string> = new Set(['of', 'von', 'de', 'di', 'del', 'da', 'van']);
/** Folded endings of family names that are not endings of ordinary words. */
const FAMILY_NAME =
  /^ال\p{L}{3,20}ي$|\p{Script=Cyrillic}(?:ов|ев|ин|ын|ова|ева|ина|ына|овои|евои|скии|ская|скои|цкии|цкая|енко|швили)$|(?:[sc]k[ai]|owicz|ewicz|oglu)$/u;

/** A capitalised name, or an uncapitalised one if the words around it show that it is a name. */
function anyNameFrom(
  reading: Reading,
  from: number,
  manner: Manner,
  isSmallHere: (found: FoundName) => boolean,
): FoundName | null {
  const found = nameFrom(reading, from, PLAIN);
  if (found !== null) return found;
  const small = nameFrom(reading, from, manner);
  return small !== null && small.names > 0 && isSmallHere(small) ? small : null;
}

/** The words after a cue. */
interface Behind {
  readonly from: number;
  readonly hasColon: boolean;
}

function behind({ text, words }: Reading, end: number, { kind }: Cue): Behind | null {
  const before = words[end - 1]!.end;
  const isApart = kind === 'relation' && matchesAt(BEHIND_A_COMMA, text, before);
  const place = isApart ? { at: BEHIND_A_COMMA.lastIndex, hasColon: false } : behindCue(text, before);
  return place !== null && words[end]?.start === place.at ? { from: end, hasColon: place.hasColon } : null;
}

/** The name after one cue. Null: no person's name follows. */
function nameBehind(reading: Reading, at: number, cue: Cue): FoundName | null {
  const end = endOfCue(reading, at, cue);
  const place = end === null ? null : behind(reading, end, cue);
  if (place === null || cue.kind === 'behind-a-title') return null;
  if (cue.kind === 'title') return nameBehindTitle(reading, at, cue, place.from);
  const isThing = cue.kind === 'name' && listsOf().things.has(reading.words[at - 1]?.key ?? '');
  if (isThing) return null;
  const titled = behindTitles(reading, place.from, ['title', 'behind-a-title']);
  if (titled > place.from) return anyNameFrom(reading, titled, TITLED, () => true);
  return nameBehindRole(reading, cue, place);
}

/** Whether a verb said of people follows the name or, in text in capitals, is its last word. */
const isSaid = ({ words }: Reading, { next, names }: FoundName): boolean =>
  [words[next], names > 1 ? words[next - 1] : undefined].some((word) => listsOf().verbs.has(word?.key ?? ''));

function nameBehindTitle(reading: Reading, at: number, cue: Cue, from: number): FoundName | null {
  const { text, words } = reading;
  const place = behindTitles(reading, from, ['behind-a-title']);
  const title = words[at]!;
  const hasDot = text[words[from - 1]!.end] === '.';
  const isPhrase = cue.words.length > 1 || place > from;
  const isParticle = listsOf().between.has(words[place]?.key ?? '');
  const found = anyNameFrom(
    reading,
    place,
    hasDot ? TITLED : SMALL,
    (small) => !isParticle && (isBeforeSmall(title, hasDot) || isSaid(reading, small)),
  );
  if (found === null) return null;
  // "MR QUILL COMPLAINS"
  const isPerson = isSaid(reading, found) && !TERM.test(found.first.key);
  return isPerson || isTitleHere(title, hasDot, isPhrase, found) ? found : null;
}

function nameBehindRole(
  reading: Reading,
  { kind, words: said }: Cue,
  { from, hasColon }: Behind,
): FoundName | null {
  const { text, words } = reading;
  const { between } = listsOf();
  const first = words[from]!;
  const isAlone = ({ end }: FoundName): boolean =>
    !between.has(first.key) && matchesAt(END_OF_A_PHRASE, text, end);
  switch (kind) {
    case 'name':
      if (hasColon) return nameFrom(reading, from, STRONG);
      // "Name des Protokolls" names nobody, and in other languages the Turkish label "ad" is an abbreviation.
      return isCaseless(first) || between.has(first.key) || said[0]!.length < 3
        ? null
        : nameFrom(reading, from, PLAIN);
    case 'relation': {
      if (hasColon) return anyNameFrom(reading, from, SMALL, isAlone);
      // "mother of Ann Quill"
      if (OF.has(first.key)) return anyNameFrom(reading, from + 1, SMALL, isAlone);
      const found = anyNameFrom(reading, from, SMALL, (small) => isSaid(reading, small));
      return found !== null && found.names > 0 && isSaid(reading, found) ? found : null;
    }
    case 'role':
    case 'by': {
      if (!hasColon && isCaseless(first) && !FAMILY_NAME.test(first.key)) return null;
      const found = anyNameFrom(reading, from, SMALL, isAlone);
      // "signed A.P." need not be a name.
      return hasColon || (found !== null && found.names > 0) ? found : null;
    }
    case 'patient': {
      const found = anyNameFrom(
        reading,
        from,
        SMALL,
        (small) => hasColon && isAlone(small) && small.names + small.initials > 1,
      );
      if (found === null || hasColon) return found;
      if (FAMILY_NAME.test(found.first.key)) return found;
      if (isCaseless(found.first)) return null;
      return found.names > 1 || isSaid(reading, found) ? found : null;
    }
    default:
      return null;
  }
}

/** The beginning of a signature. */
const DASHES = /(?:-{2,8}|\/s\/)\s{0,3}/gu;
const BEFORE_A_SIGNED_DEGREE = /^[,\s(.]{1,3}$/;
const WORDS_OF_A_SIGNATURE = 5;

/** Names behind two dashes and before a degree or a role, in any spelling. */
function signatures(reading: Reading, places: ReadonlyMap<number, number>): Span[] {
  return [...reading.text.matchAll(DASHES)].flatMap(({ 0: dashes, index }) => {
    const at = places.get(index + dashes.length);
    const name =
      at === undefined ? null : signedFrom(reading, behindTitles(reading, at, ['title', 'behind-a-title']));
    return name === null ? [] : [name];
  });
}

function signedFrom({ text, words }: Reading, from: number): Span | null {
  const { cues, between } = listsOf();
  for (let k = from; k < from + WORDS_OF_A_SIGNATURE && k < words.length; k += 1) {
    const word = words[k]!;
    const gap = k === from ? ' ' : text.slice(words[k - 1]!.end, word.start);
    if (!BEFORE_A_SIGNED_DEGREE.test(gap)) return null;
    const isRole = (cues.get(word.key) ?? []).some(({ kind }) => kind === 'role' || kind === 'title');
    if (k > from && (isRole || matchesAt(BEHIND_A_SIGNATURE, text, word.start)))
      return [words[from]!.start, words[k - 1]!.end];
    const isName = isNameWord(word, SIGNED) || isInitial(word, true, text[word.end] === '.');
    if (!isName && !between.has(word.key)) return null;
  }
  return null;
}

const BEFORE_A_DEGREE = /^(?:,?\s{1,2}|\.\s?|,)$/;
const NAMES_BEFORE = 3;
const SHORT_NAME = 4;

/** The name before a degree at word `at`. */
function nameBefore({ text, words }: Reading, at: number): Span | null {
  if (!matchesAt(BEHIND_A_NAME, text, words[at]!.start)) return null;
  let start: number | null = null;
  let longest = 0;
  for (let k = at - 1; k >= 0 && k >= at - NAMES_BEFORE; k -= 1) {
    const word = words[k]!;
    if (!BEFORE_A_DEGREE.test(text.slice(word.end, words[k + 1]!.start))) break;
    if (!isNameWord(word, PLAIN) && !isInitial(word, false, false)) break;
    longest = Math.max(longest, word.text.length);
    start = word.start;
  }
  const { end } = words[at - 1] ?? { end: 0 };
  return start === null || longest < SHORT_NAME ? null : [start, end];
}

/** `QUILLFEATHER^XAVIER^^^`: at least one caret between letters, as in PN. */
const CARET = /(?<![\p{L}\p{M}\p{N}^])\p{L}[\p{L}\p{M}'’.-]{0,64}\^[\p{L}\p{M}'’.^-]{0,128}/gu;
const PARTS_OF_A_NAME = 2;
/** The most words that a component with spaces adds to a name. */
const BESIDE_CARET = 2;

/** Whether a match is a name and not the program of a scanner, such as "Head^Routine". */
function isCaretName(match: string): boolean {
  const { ordinary } = listsOf();
  const parts = match.split(/[\^.]+/).filter((word) => word !== '');
  const isOrdinary = parts.some((word) => ordinary.has(keyOf(word)) || /^\p{Lu}{1,3}$/u.test(word));
  return (parts.length >= PARTS_OF_A_NAME || match.includes('^^')) && !isOrdinary;
}

/** The last word to which a name extends over adjacent words: `by` 1 forwards, -1 backwards. */
function besideCaret({ text, words }: Reading, at: number, by: 1 | -1): Word {
  let last = words[at]!;
  for (let k = 1; k <= BESIDE_CARET; k += 1) {
    const word = words[at + k * by];
    if (word === undefined || !isNameWord(word, PLAIN) || isAbbreviation(word)) return last;
    const gap = by > 0 ? text.slice(last.end, word.start) : text.slice(word.end, last.start);
    if (gap !== ' ') return last;
    last = word;
  }
  return last;
}

function caretNames(reading: Reading, places: ReadonlyMap<number, number>): Span[] {
  const { text, words } = reading;
  return [...text.matchAll(CARET)]
    .filter(([match]) => isCaretName(match))
    .map((match): Span => {
      const end = match.index + match[0].length;
      let last = places.get(match.index)!;
      while (last + 1 < words.length && words[last + 1]!.end <= end) last += 1;
      const { start } = besideCaret(reading, places.get(match.index)!, -1);
      return [start, Math.max(end, besideCaret(reading, last, 1).end)];
    });
}

const CYRILLIC = '\\p{Lu}[\\p{Script=Cyrillic}-]{1,40}';
const PATRONYMIC = '\\p{Lu}[\\p{Script=Cyrillic}]{1,30}(?:ович|евич|ьич|овн|евн|ичн)(?:а|у|ой|е|ы|ом|ем)?';
const HAN = '[\\p{Script=Han}々]';
const KANA = '[\\p{Script=Katakana}ー]';
const JAPANESE = `[\\p{L}\\p{M}々ー]{1,12}(?:\\s[\\p{L}\\p{M}々ー]{1,12})?`;
const LABELS =
  '(?:患者)?(?:氏名|名前)|患者(?:名|姓名)?|姓名|お名前|フリガナ|ふりがな|[\\p{Script=Han}]{0,6}(?:医師?|医生|技師|看護師|撮影者|担当者|依頼者|実施者|施行者|報告者|記載者)|母|父|妻|夫|長男|長女|息子|娘|家族|환자명|성명|이름|환자|의사';
/** Patterns of names that are recognised by their form alone. The name is the group `x` or the whole match. */
const FORMS: readonly RegExp[] = [
  // Иванов И.И., И. И. Иванов, Мария Петровна
  composePattern(`(?<!\\p{L})${CYRILLIC}\\s\\p{Lu}\\.\\s?(?:\\p{Lu}\\.)?`, 'gu'),
  composePattern(`(?<![\\p{L}.])\\p{Lu}\\.\\s?(?:\\p{Lu}\\.\\s?)?${CYRILLIC}`, 'gu'),
  composePattern(`(?<!\\p{L})(?:${CYRILLIC}\\s){1,2}${PATRONYMIC}(?!\\p{L})`, 'gu'),
  // 氏名：羽根川
  composePattern(`(?:${LABELS})\\s?[:=]\\s{0,2}(?<x>${JAPANESE})`, 'gu'),
  // 主治医 羽根川
  composePattern(
    `(?:主治医|担当医|執刀医|読影医|依頼医|紹介医|放射線技師|撮影者|患者名|氏名)\\s{1,2}(?<x>${HAN}{2,5})(?![\\p{L}々])`,
    'gu',
  ),
  // 羽根川様
  composePattern(
    `(?<![\\p{Script=Han}々ー])(?<x>(?:${HAN}{1,6}|${KANA}{2,12})(?:\\s(?:${HAN}{1,6}|${KANA}{2,12}))?)\\s?(?:様(?!${HAN})|さん|先生|殿|氏(?!名)|医師|技師|教授|博士|院長|部長|医長|師長)`,
    'gu',
  ),
];

/** An account name: "@quillfeather_8". A place or a state ("@bedside", "@rest") is not an account. */
const HANDLE = /(?<![\p{L}\p{N}._%+-])@(?<x>(?<w>\p{L}{1,64})[\p{L}\p{N}_.]{0,64})/gu;

/** Words that take a form of address without being a name, and words such as "結節様" (nodular). */
const NO_PERSON =
  /^(?:患者|皆|客|家族|奥|子|担当|主治|放射線|診療|専門|紹介|依頼|読影|執刀|指導|研修|副|前|准|名誉|看護)$|(?:科|状|節|胞|腫|瘤|影|線|索|網|帯|膜|骨|脂|液|管)$/u;

const isOrdinaryWord = (word: string): boolean => word.length > 1 && listsOf().ordinary.has(keyOf(word));

function isForm(match: RegExpExecArray): boolean {
  const part = match.groups?.['x'];
  if (part === undefined) return !match[0].split(/[\s.]+/).some(isOrdinaryWord);
  if (ORDINARY_BEGINNINGS.some((word) => part.startsWith(word))) return false;
  return match[0].startsWith(part) ? !NO_PERSON.test(part) : !isOrdinaryWord(part);
}

function namesByForm(text: string): Span[] {
  return FORMS.flatMap((form) =>
    [...text.matchAll(form)].filter(isForm).map((match): Span => {
      const part = match.groups?.['x'] ?? match[0];
      const start = match.index + match[0].lastIndexOf(part);
      return [start, start + part.length];
    }),
  );
}

function handles(text: string): Span[] {
  return [...text.matchAll(HANDLE)].flatMap(({ index, groups }): Span[] => {
    const { x = '', w = '' } = groups ?? {};
    const isName = x.length >= SHORT_NAME && !isOrdinaryWord(w) && !/^\p{Lu}+$/u.test(w);
    return isName ? [[index + 1, index + 1 + x.length]] : [];
  });
}

/** The ranges of names in plain text (plain-text.ts). */
export function findNames(text: string): Span[] {
  const { cues } = listsOf();
  const reading: Reading = { text, words: wordsOf(text) };
  const places = new Map(reading.words.map(({ start }, at) => [start, at]));
  const found = [
    ...namesByForm(text),
    ...caretNames(reading, places),
    ...signatures(reading, places),
    ...handles(text),
  ];
  for (const [at, { key, start }] of reading.words.entries()) {
    const before = nameBefore(reading, at);
    if (before !== null) found.push(before);
    const isPart = /[\p{N}]/u.test(text[start - 1] ?? '');
    if (isPart) continue;
    for (const cue of cues.get(key) ?? []) {
      const name = nameBehind(reading, at, cue);
      if (name === null) continue;
      found.push([name.start, name.end]);
      break;
    }
  }
  return found;
}
