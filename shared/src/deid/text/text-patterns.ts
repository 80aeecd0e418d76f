/**
 * Finds identifiers by their form, in any text: network and postal addresses, telephone numbers, long
 * numbers, names behind a title or a role. The patterns would rather miss a rare form than take a
 * measurement: `known-values.ts` finds the values of the header.
 */
import { fold } from './fold.ts';
import { ABBREVIATIONS, UNIT, VOCABULARY } from './vocabulary.ts';

/** The part that goes: the group `x`, or all of it. */
const BEFORE = '(?<![\\p{L}\\p{N}])';
const AFTER = '(?![\\p{L}\\p{N}])';
/** Titles before names: a capital DR or MR without a dot is a modality. */
const TITLES = 'Dr|Prof|Mr|Mrs|Ms|Miss|Mme|Mlle|Herr|Frau|Sra|Dra|Dott|Doctor|Professor|Nurse';
const NAME = `(?!(?:${TITLES}|DR|PROF|MRS?|MS)(?!\\p{L}))\\p{Lu}[\\p{L}\\p{M}'’-]{1,64}`;
/**
 * Given names, initials and a family name, in either order; two words and initials at most: further words are
 * likelier to be the sentence.
 */
const FULL_NAME = `(?:\\p{Lu}\\.\\s?){0,3}${NAME}(?:,?\\s?\\p{Lu}\\.){0,2}(?:[\\s^]${NAME}|,\\s${NAME})?`;
const STREET =
  'Street|St\\.|Avenue|Ave|Road|Rd|Lane|Ln|Boulevard|Blvd|Crescent|Terrace|Highway|Hwy|Parkway|Pkwy|Drive|Court|Way|Place|Square|Close|Grove|Hill|Gardens';

const KEYED_TELEPHONE =
  'tel|phone|telephone|telefon|ph|fax|mobile|cell|pager|beeper|extension|ext|call|number';
const KEYED_NUMBER =
  'mrn|ssn|nhs|pid|dob|id|acc(?:ession)?|(?:pat(?:ient)?|case|study|exam|acc(?:ession)?|record|chart|order|visit|insurance)[\\s._]{0,8}(?:id|no|nr|num|number|#)';
const STREET_BEHIND = 'straße|strasse|str\\.|gasse|allee|platz|weg|straat|laan|vej|gatan';
const STREET_BEFORE = '[Rr]ue|[Cc]hemin|[Ii]mpasse|[Cc]alle|[Aa]venida|[Vv]iale|[Pp]iazza|[Rr]ua';
/** USPS Publication 28, appendix B. */
const STATES =
  'AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY';
const PROPER = "\\p{Lu}[\\p{L}'’-]{0,64}";
const DONE =
  'performed|read|reported|dictated|interpreted|referred|ordered|requested|reviewed|verified|signed|approved|scanned|acquired|transcribed|seen|done';
const ROLES =
  "operator|technologist|technician|tech|radiologist|physician|nurse|attending|resident|referring|patient(?:'s)?\\s[Nn]ame|physician(?:'s)?\\s[Nn]ame|patient|pt|pat|" +
  'mother|father|wife|husband';
/** With a small or a capital first letter, or in capitals. */
const cased = (words: string): string =>
  words
    .split('|')
    .map(
      (word) =>
        `[${word[0]!.toUpperCase()}${word[0]}]${word.slice(1)}|${/^[a-z]+$/.test(word) ? word.toUpperCase() : word}`,
    )
    .join('|');
const TITLE = `(?:(?:${TITLES}|DR|PROF|MRS?|MS)(?:\\.\\s?|\\s)(?:med\\.\\s?)?)?`;

/**
 * A run of letters and digits that is longer than any word, number or identifier. The other patterns look 64
 * characters far, so what is longer is not theirs; scripts without spaces write whole sentences so.
 */
const OVERLONG =
  /(?:[\p{L}--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]]|\p{N}){65,}/gv;

/**
 * Each looks only so far from where it begins, so that the time for a text grows with its length and not with
 * the square of it: a quantifier without an upper bound stands at the end of a pattern or nowhere.
 */
export const PATTERNS: readonly RegExp[] = [
  OVERLONG,
  // RFC 5321 mailboxes, URLs, IPv4
  /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{2,63}(?:\.[\p{L}\p{N}-]{1,63}){0,8}/gu,
  /(?:https?|ftp):\/\/[^\s\\]+|(?<!\p{L})www\.[^\s\\]+/giu,
  /(?<![\p{N}.]|v|(?:version|sw|software|release|ver\.?)\s)(?:\d{1,3}\.){3}\d{1,3}(?![\p{N}.])/giu,
  // Telephone: with a country, as in North America, with a leading zero, behind its word
  new RegExp(
    `(?<![\\p{L}\\p{N}])(?:\\+|00)(?=(?:[\\s().\\-/]{0,2}\\d){8})[1-9]\\d{0,2}[\\s.\\-/]?(?:\\(?\\d{1,5}\\)?[\\s.\\-/]?){1,5}\\d{2,5}(?!\\p{N}|${UNIT})`,
    'giu',
  ),
  new RegExp(
    `(?<![\\p{L}\\p{N}.])(?:1[\\s.-])?(?:\\(\\d{3}\\)\\s?|\\d{3}(?<s>[.-]))[2-9]\\d{2}[\\s.-]\\d{4}(?!\\p{N}|${UNIT})`,
    'giu',
  ),
  new RegExp(
    `(?<![\\p{L}\\p{N}.-])(?<!(?:b|tr|te|ti|hu|range|matrix|wl|ww)\\s)[2-9]\\d{2}-(?!\\d?000|\\d{2}00|1024|2048|4096)\\d{4}(?!\\p{N}|-|${UNIT})`,
    'giu',
  ),
  new RegExp(
    `(?<![\\p{L}\\p{N}.])(?<!(?:b|ti|vol|slices?|frames?|images?)\\s)0(?=(?:[\\s/-]{0,3}\\d){7})\\d{1,4}[\\s/-]{1,3}\\d{3,16}(?:[\\s-]\\d{2,16}){0,3}(?!\\p{N}|${UNIT})`,
    'giu',
  ),
  new RegExp(
    `(?<!\\p{L})(?:${KEYED_TELEPHONE})\\b[.:#\\s]{1,3}(?<x>\\+?(?=(?:[\\s().\\-/]{0,2}\\d){6})\\d[\\d\\s().\\-/]{1,18}\\d)(?!\\p{N}|${UNIT})`,
    'giu',
  ),
  new RegExp(
    `(?<!\\p{L})(?:extension|ext|pager|beeper)\\b[.:#\\s]{1,3}(?<x>\\d{3,6})(?![\\p{N}.-]|${UNIT})`,
    'giu',
  ),
  // Social security number; numbers of six digits and more that are no fraction; words with five digits and
  // letters that are no matrix, or a long word that ends in a number; what is called a number
  /(?<![\p{N}-])\d{3}-\d{2}-\d{4}(?![\p{N}-])/gu,
  new RegExp(`(?<![\\p{N}.])\\d{6,64}(?!\\p{N}|\\.\\p{N}|${UNIT})`, 'giu'),
  new RegExp(
    `${BEFORE}(?!\\d{1,64}(?:x\\d{1,64}){1,16}(?!\\p{L})|(?:b\\d{1,4}){2,16}(?!\\p{L}))(?=[\\p{L}\\p{N}]{0,64}\\p{L})` +
      `(?=\\p{L}{0,64}(?:\\d\\p{L}{0,64}){5})(?<w>\\p{L}{0,64})[\\p{L}\\p{N}]{1,64}${AFTER}`,
    'gu',
  ),
  /(?<![\p{L}\p{N}])(?<w>\p{L}{5,64})\d{3,64}(?![\p{L}\p{N}])/gu,
  new RegExp(
    `(?<!\\p{L}|\\p{L}\\s(?=id\\s?\\d))(?:${KEYED_NUMBER})\\b[.:#=\\s]{0,3}` +
      `(?<x>(?=[\\p{L}-]{0,64}\\d)(?=(?:[\\p{L}/-]{0,64}\\d){3})(?!\\d{1,64}[.,]\\d|\\d{1,64}${UNIT})[\\p{L}\\p{N}][\\p{L}\\p{N}./-]{2,})`,
    'giu',
  ),
  /(?<!\p{L})mrn[.:#=\s]{0,3}(?<x>\d{3,})/giu,
  // Post: number and street with flat, city and ZIP; street and number with code and city; post box; state
  // and ZIP
  new RegExp(
    `${BEFORE}\\d{1,5}[A-Za-z]?\\s(?:\\p{Lu}[\\p{L}'’.-]{0,64}\\s){1,4}(?:${STREET})${AFTER}(?:,?\\s(?:Apt|Suite|Unit|Flat)\\.?\\s?\\w{1,5})?` +
      `(?:,\\s\\p{Lu}[\\p{L}\\s]{1,30},?\\s[A-Z]{2}\\s\\d{5}(?:-\\d{4})?)?`,
    'gu',
  ),
  new RegExp(
    `(?<![\\p{L}\\p{N}.-])(?!Gallen|Harn|Atem|Zugangs|Luft|Speise)\\p{Lu}[\\p{L}.-]{0,64}(?:${STREET_BEHIND})\\s\\d{1,4}\\s?[a-z]?${AFTER}(?!${UNIT})(?:,?\\s\\d{4,5}\\s\\p{Lu}[\\p{L}-]{1,64})?`,
    'gu',
  ),
  new RegExp(
    `${BEFORE}(?:\\d{1,4},?\\s)?(?:${STREET_BEFORE})\\s(?:(?:de|du|des|la|le|les|del|della|di|da|do)\\s){0,2}${PROPER}(?:,?\\s\\d{1,4})?${AFTER}`,
    'gu',
  ),
  new RegExp(
    `${BEFORE}Via\\s(?!Biliare|Venosa|Aerea|Radial|Femoral|Oral)(?:${PROPER}\\s?){1,3},?\\s?\\d{1,4}${AFTER}`,
    'gu',
  ),
  new RegExp(`${BEFORE}\\d{1,4},?\\sVia\\s${PROPER}${AFTER}`, 'gu'),
  /(?<!\p{L})P\.?\s?O\.?\s?Box\s\d{1,16}/giu,
  new RegExp(`(?<=,\\s)(?:${STATES})\\s\\d{5}(?:-\\d{4})?(?!\\p{N})`, 'gu'),
  // A name behind its title, before a degree, behind what was done or a role
  new RegExp(
    `(?<!\\p{L})(?:(?:${TITLES})(?:\\.\\s?|\\s)|(?:DR|PROF|MRS?|MS)\\.\\s?)(?:med\\.\\s?)?(?<x>${FULL_NAME})`,
    'gu',
  ),
  new RegExp(
    `(?<![\\p{L}\\p{N}'’-])(?<x>${NAME}\\s${NAME}|(?:\\p{Lu}\\.\\s?){1,3}${NAME}),\\s?(?:M\\.?D\\.?|R\\.?N\\.?|Ph\\.?D\\.?|D\\.O\\.|FRCR)${AFTER}`,
    'gu',
  ),
  new RegExp(`(?<!\\p{L})(?:${cased(DONE)})\\s(?:[Bb]y|BY):?\\s${TITLE}(?<x>${FULL_NAME})`, 'gu'),
  new RegExp(`(?<!\\p{L})(?:${cased(ROLES)})\\s?[:=]\\s?${TITLE}(?<x>${FULL_NAME})`, 'gu'),
];

/** A UID (PS3.5 §9.1) of six components and more. */
export const UIDS = /(?<![\p{N}.])(?:2\.25\.\d{6,64}|\d{1,64}(?:\.\d{1,64}){5,64})(?![\p{N}])/gu;

export type Span = readonly [start: number, end: number];

/**
 * Text that begins with a word of the trade is neither a name nor an identifier. Capitals alone are an
 * abbreviation.
 */
function isOfTheTrade(part: string): boolean {
  const [first = ''] = part.split(/[\s,^]+/);
  return VOCABULARY.has(fold(first).text) || /^[\p{Lu}\p{N}]{1,3}$/u.test(part);
}

function spansOf(text: string, pattern: RegExp): Span[] {
  return [...text.matchAll(pattern)].flatMap((match): Span[] => {
    const { x: part, w: word } = match.groups ?? {};
    if (word !== undefined && word !== '' && VOCABULARY.has(fold(word).text)) return [];
    if (part !== undefined && /^\p{L}/u.test(part) && isOfTheTrade(part)) return [];
    const start = part === undefined ? match.index : match.index + match[0].lastIndexOf(part);
    return [[start, start + (part ?? match[0]).length]];
  });
}

/** "J.M." of a person in the header, in capitals, where it is no abbreviation of the trade. */
export const INITIALS = /(?<![\p{L}.])(\p{Lu})\.\s?(\p{Lu})\.(?!\p{L})/gu;

/** The ranges to remove for their form alone; `initials`: those of persons in the header. */
export function findPatterns(
  text: string,
  { retainsUids, initials }: { readonly retainsUids: boolean; readonly initials: ReadonlySet<string> },
): Span[] {
  const found = (retainsUids ? PATTERNS : [...PATTERNS, UIDS]).flatMap((pattern) => spansOf(text, pattern));
  const signed = [...text.matchAll(INITIALS)].filter(([, a = '', b = '']) => {
    const pair = fold(a + b).text;
    return initials.has(pair) && !ABBREVIATIONS.has(pair);
  });
  return [...found, ...signed.map((match): Span => [match.index, match.index + match[0].length])];
}

/**
 * Years of age as a text says them: "92-year-old", "age 92", "92 y/o", "92 jährig"; above 89 also "92 y",
 * because nothing else in an image lasts so long. Not the age of a stent or of bones, and not in weeks.
 */
export const AGE = new RegExp(
  '(?<![\\p{N}.])(?<x>\\d{1,3})(?:[\\s-]?(?:years?|yrs?|y)[\\s-]?(?:old|of age)|\\s?y\\.?\\s?/?o(?:\\.|(?!\\p{L}))|[\\s-]?jährig\\p{L}{0,64}|\\s?jahre alt)' +
    '|(?<![\\p{N}.])(?<o>9\\d|1[0-2]\\d)\\s?-?(?:yrs?|years?|y|j|jahre|años|anni|jaar|ans)(?!\\p{L})' +
    '|(?<!\\p{L}|bone\\s)(?:aged?|alter:|âge|âgée?\\sde|(?:homme|femme|patiente?)\\sde)[:\\s]{1,2}(?<z>\\d{1,3})(?!\\p{N}|\\.\\p{N}|\\s?(?:mm|cm|weeks?|months?|days?|wochen|monate))',
  'giu',
);

export interface FoundAge {
  readonly start: number;
  readonly end: number;
  readonly years: number;
}

export function findAges(text: string): FoundAge[] {
  return [...text.matchAll(AGE)].map((match) => {
    const { x, o, z } = match.groups ?? {};
    const digits = x ?? o ?? z ?? '';
    const start = match.index + match[0].indexOf(digits);
    return { start, end: start + digits.length, years: Number(digits) };
  });
}
