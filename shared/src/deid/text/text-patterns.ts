/**
 * Finds identifiers by their form, in any text: network and postal addresses, telephone numbers, long numbers. The
 * patterns prefer missing a rare form to removing a measurement. `names-in-text.ts` finds names, `known-values.ts` the
 * values of the header.
 */
import { composePattern } from '../../compose-pattern.ts';
import { fold } from './fold.ts';
import { ABBREVIATIONS, UNIT, VOCABULARY } from './vocabulary.ts';

/** The part to remove is the group `x`, or the whole match. */
const BEFORE = '(?<![\\p{L}\\p{N}])';
const AFTER = '(?![\\p{L}\\p{N}])';
const STREET =
  'Street|St\\.|Avenue|Ave|Road|Rd|Lane|Ln|Boulevard|Blvd|Crescent|Terrace|Highway|Hwy|Parkway|Pkwy|Drive|Court|Way|Place|Square|Close|Grove|Hill|Gardens';

/** Top-level domains of hosts. A country code that is also a word or an abbreviation after a full stop is left out. */
const TOP_LEVELS =
  'com|org|net|edu|gov|mil|info|biz|health|hospital|clinic|int\\.nl|co\\.uk|nhs\\.uk|ac\\.uk|com\\.br|' +
  'com\\.au|com\\.tr|co\\.jp|ac\\.jp|local|localdomain|lan|intern|internal|intranet|corp|' +
  '[a-z]{2}(?<=-[a-z\\d-]{1,62}\\.[a-z]{2}|\\.[a-z\\d-]{2,63}\\.(?:de|at|ch|fr|be|nl|lu|es|pt|it|pl|cz|' +
  'dk|no|se|fi|tr|in|jp|br|au|uk|us|ca|ie|ru|eu))';
const KEYED_HOST =
  'host|hostname|host name|server|rechnername|nom d’hôte|workstation name|computer name|computername';
const KEYED_NUMBER =
  'mrn|ssn|nhs|nino|ohip|svnr|vsnr|kvnr|ahv|nir|insee|bsn|niss|insz|dni|nie|nif|nss|nuss|pesel|cpr|fnr|' +
  'personnummer|hetu|tckn|aadhaar|abha|cpf|cns|medicare|ihi|pid|dob|id|acc(?:ession)?|(?:pat(?:ient)?|' +
  'case|study|exam|acc(?:ession)?|record|chart|order|visit|insurance)[\\s._]{0,8}(?:id|no|nr|num|' +
  'number|#)';
const STREET_BEHIND = 'straße|strasse|str\\.|gasse|allee|platz|weg|straat|laan|vej|gatan';
const STREET_BEFORE = '[Rr]ue|[Cc]hemin|[Ii]mpasse|[Cc]alle|[Aa]venida|[Vv]iale|[Pp]iazza|[Rr]ua';
/** USPS Publication 28, appendix B. */
const STATES =
  'AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY';
const PROPER = "\\p{Lu}[\\p{L}'’-]{0,64}";
/**
 * A run of letters and digits that is longer than any word, number or identifier. The other patterns look no further
 * than 64 characters, so they do not cover it. Scripts without spaces are excluded, because they write whole sentences
 * like this.
 */
const OVERLONG =
  /(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}])\p{L}|\p{N}){65,}/gu;

/** File paths of a person or a machine, MAC addresses, and geographic coordinates. */
const PLACES_OF_FILES_AND_MACHINES: readonly RegExp[] = [
  /(?<![\p{L}\p{N}])[a-z]:[\\/][^\s"<>|\\/]{1,64}[\\/][^\s"<>|]*/giu,
  /(?<![\\\p{L}\p{N}])\\\\[\p{L}\p{N}._-]{1,63}\\[^\s"<>|]*/gu,
  /(?<![\p{L}\p{N}._~-])\/(?:home|users?|export|mnt|media|srv|var|usr|opt|data|tmp|volumes|root|nfs|scratch)\/[^\s"<>|]*/giu,
  /(?<![\p{L}\p{N}:-])[\da-f]{2}(?<s>[:-])(?:[\da-f]{2}\k<s>){4}[\da-f]{2}(?![\p{L}\p{N}:-])/giu,
  /(?<![\p{L}\p{N}.])[\da-f]{4}\.[\da-f]{4}\.[\da-f]{4}(?<=[a-f][\da-f.]{0,13})(?![\p{L}\p{N}.])/giu,
  /(?<![\p{L}\p{N}.,])\d{1,3}[.,]\d{2,10}\s?°?\s?[NS][\s,;]{0,3}\d{1,3}[.,]\d{2,10}\s?°?\s?[EWO](?!\p{L})/gu,
  /(?<!\p{L})[NS]\s?\d{1,3}[.,]\d{3,10}°?[\s,;]{1,3}[EWO]\s?\d{1,3}[.,]\d{3,10}°?/gu,
  /(?<![\p{L}\p{N}.,])\d{1,3}\s?°\s?\d{1,2}\s?['′’](?:\s?\d{1,2}(?:[.,]\d{1,4})?\s?["″”])?\s?[NSEWO](?!\p{L})/gu,
  /(?<!\p{L})(?:gps|latitude|longitude)\s?[:=]?\s?(?<x>-?\d{1,3}[.,]\d{2,10}(?:[,;\s]{1,3}-?\d{1,3}[.,]\d{2,10})?)/giu,
];

/**
 * Each pattern looks only a limited distance from its start, so that the time for a text grows linearly with its
 * length and not quadratically. A quantifier without an upper bound may only be at the end of a pattern.
 */
const PATTERNS: readonly RegExp[] = [
  OVERLONG,
  // RFC 5321 mailboxes, also as read out, URLs, hosts, IPv4
  /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{2,63}(?:\.[\p{L}\p{N}-]{1,63}){0,8}/gu,
  /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,64}\s?[\s([{]at[\s)\]}]\s?[\p{L}\p{N}-]{2,63}(?:\s?[\s([{]dot[\s)\]}]\s?[\p{L}\p{N}-]{2,63}){1,4}/giu,
  composePattern(
    `(?<![\\p{L}\\p{N}.@_-])(?!\\d{1,62}\\.)(?:[A-Za-z\\d](?:[A-Za-z\\d-]{0,62})\\.){1,6}(?:${TOP_LEVELS})(?![\\p{L}\\p{N}_-]|\\.\\p{L})`,
    'gu',
  ),
  composePattern(
    `(?<!\\p{L})(?:${KEYED_HOST})(?!\\p{L})\\s?[:=]\\s?(?<x>[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{2,})`,
    'giu',
  ),
  /(?:https?|ftp):\/\/[^\s\\]+|(?<!\p{L})www\.[^\s\\]+/giu,
  /(?<![\p{N}.]|v|(?:version|sw|software|release|ver\.?)\s)(?!(?:\d\.){3}\d(?!\d))(?!(?:\d{1,3}\.){0,3}0\d)(?:\d{1,3}\.){3}\d{1,3}(?![\p{N}.])/giu,
  ...PLACES_OF_FILES_AND_MACHINES,
  // Social security numbers; numbers of six or more digits that are not fractions; words of letters and five digits
  // that are not a matrix size; long words that end in a number; values behind a word for a number
  /(?<![\p{N}-])\d{3}-\d{2}-\d{4}(?![\p{N}-])/gu,
  composePattern(`(?<![\\p{N}.])\\d{6,64}(?!\\p{N}|\\.\\p{N}|${UNIT})`, 'giu'),
  composePattern(
    `${BEFORE}(?!\\d{1,64}(?:x\\d{1,64}){1,16}(?!\\p{L})|(?:b\\d{1,4}){2,16}(?!\\p{L}))(?=[\\p{L}\\p{N}]{0,64}\\p{L})` +
      `(?=\\p{L}{0,64}(?:\\d\\p{L}{0,64}){5})(?<w>\\p{L}{0,64})[\\p{L}\\p{N}]{1,64}${AFTER}`,
    'gu',
  ),
  /(?<![\p{L}\p{N}])(?<w>\p{L}{5,64})\d{3,64}(?![\p{L}\p{N}])/gu,
  composePattern(
    `(?<!\\p{L}|\\p{L}\\s(?=id\\s?\\d))(?:${KEYED_NUMBER})\\b[.:#=\\s]{0,3}` +
      `(?<x>(?=[\\p{L}-]{0,64}\\d)(?=(?:[\\p{L}/-]{0,64}\\d){3})(?!\\d{1,64}[.,]\\d|\\d{1,64}${UNIT})[\\p{L}\\p{N}][\\p{L}\\p{N}./-]{2,})`,
    'giu',
  ),
  /(?<!\p{L})mrn[.:#=\s]{0,3}(?<x>\d{3,})/giu,
  // Postal addresses: number and street with flat, city and ZIP; street and number with postcode and city; post box;
  // state and ZIP
  composePattern(
    `${BEFORE}\\d{1,5}[A-Za-z]?\\s(?:\\p{Lu}[\\p{L}'’.-]{0,64}\\s){1,4}(?:${STREET})${AFTER}(?:,?\\s(?:Apt|Suite|Unit|Flat)\\.?\\s?\\w{1,5})?` +
      `(?:,\\s\\p{Lu}[\\p{L}\\s]{1,30},?\\s[A-Z]{2}\\s\\d{5}(?:-\\d{4})?)?`,
    'gu',
  ),
  composePattern(
    `(?<![\\p{L}\\p{N}.-])(?!Gallen|Harn|Atem|Zugangs|Luft|Speise)\\p{Lu}[\\p{L}.-]{0,64}(?:${STREET_BEHIND})\\s\\d{1,4}\\s?[a-z]?${AFTER}(?!${UNIT})(?:,?\\s\\d{4,5}\\s\\p{Lu}[\\p{L}-]{1,64})?`,
    'gu',
  ),
  composePattern(
    `${BEFORE}(?:\\d{1,4},?\\s)?(?:${STREET_BEFORE})\\s(?:(?:de|du|des|la|le|les|del|della|di|da|do)\\s){0,2}${PROPER}(?:,?\\s\\d{1,4})?(?:,?\\s\\d{4,5}\\s${PROPER})?${AFTER}`,
    'gu',
  ),
  composePattern(
    `${BEFORE}Via\\s(?!Biliare|Venosa|Aerea|Radial|Femoral|Oral)${PROPER}(?:\\s${PROPER}){0,2}\\s?,?\\s?\\d{1,4}${AFTER}`,
    'gu',
  ),
  composePattern(`${BEFORE}\\d{1,4},?\\sVia\\s${PROPER}${AFTER}`, 'gu'),
  /(?<!\p{L})P\.?\s?O\.?\s?Box\s\d{1,16}/giu,
  composePattern(
    `(?:(?<![\\p{L}\\p{N}])(?:\\p{Lu}[\\p{L}'’.-]{1,64}\\s){0,2}\\p{Lu}[\\p{L}'’.-]{1,64})?,\\s(?:${STATES})\\s\\d{5}(?:-\\d{4})?(?!\\p{N})`,
    'gu',
  ),
];

/** A UID (PS3.5 §9.1) of six or more components. */
export const UIDS = /(?<![\p{N}.])(?:2\.25\.\d{6,64}|\d{1,64}(?:\.\d{1,64}){5,64})(?![\p{N}])/gu;

export type Span = readonly [start: number, end: number];

/**
 * Whether a text begins with a medical or technical word, or is a short abbreviation in capitals. Such a text is
 * neither a name nor an identifier.
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

/** Initials like "J.M." or "J.K.M." in capitals. */
const INITIALS = /(?<![\p{L}.])(\p{Lu})\.\s?(\p{Lu})\.(?:\s?(\p{Lu})\.)?(?!\p{L})/gu;

/** The ranges to remove because of their form alone. `initials`: those of persons in the header. */
export function findPatterns(
  text: string,
  { retainsUids, initials }: { readonly retainsUids: boolean; readonly initials: ReadonlySet<string> },
): Span[] {
  const found = (retainsUids ? PATTERNS : [...PATTERNS, UIDS]).flatMap((pattern) => spansOf(text, pattern));
  return [...found, ...findInitials(text, initials), ...findBareInitials(text, initials)];
}

/**
 * Initials like "JKM" of a person in the header. They are removed even if the letters are also an abbreviation,
 * because nobody can tell which is meant. Only prose is searched for them, because a code of three letters is not a
 * person.
 */
const BARE_INITIALS = /(?<![\p{L}\p{N}^_./-])\p{Lu}{3}(?![\p{L}\p{N}^_/-])/gu;

function findBareInitials(text: string, initials: ReadonlySet<string>): Span[] {
  if (initials.size === 0) return [];
  return [...text.matchAll(BARE_INITIALS)]
    .filter(([three]) => initials.has(fold(three).text))
    .map(({ 0: three, index }): Span => [index, index + three.length]);
}

/** Finds initials of persons in the header, unless they are a common abbreviation. */
export function findInitials(text: string, initials: ReadonlySet<string>): Span[] {
  const signed = [...text.matchAll(INITIALS)].filter(([, a = '', b = '', c = '']) => {
    const letters = fold(a + b + c).text;
    return initials.has(letters) && !ABBREVIATIONS.has(letters);
  });
  return signed.map((match): Span => [match.index, match.index + match[0].length]);
}
