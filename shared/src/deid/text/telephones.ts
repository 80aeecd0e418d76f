/**
 * Finds telephone numbers in plain text: with a country code, in the groups of the twelve languages' countries without
 * one, and behind a word that announces them. A list of settings ("512 512 1000") is not a telephone number, nor is a
 * number behind words of a sequence or before a unit.
 */
import { composePattern } from '../../compose-pattern.ts';
import { hasManyDigits, isSeries } from './national-numbers.ts';
import type { Span } from './text-patterns.ts';
import { UNIT } from './vocabulary.ts';

const ANNOUNCED = [
  'tel|phone|telephone|telefon|ph|fax|mobile|cell|cellphone|pager|beeper|call|number|contact|handy|' +
    'mobil|rufnummer|rückruf|telefonnummer|tél|téléphone|portable|teléfono|telf|tfno|móvil|celular|' +
    'telefone|tlm|telemóvel',
  'telefono|cellulare|cell|telefoon|telefoonnummer|mobiel|gsm|telefonu|kom|komórka|тел|телефон|моб|мобильный|факс|cep|telefonu|whatsapp|هاتف|الهاتف|تلفون|جوال|الجوال|موبايل|電話|電話番号|携帯|携帯電話|℡|☎',
].join('|');
/** Words that announce an internal extension of three digits or more. */
const WITHIN =
  'extension|extn?|pager|beeper|bleep|dect|durchwahl|dw|piepser|nebenstelle|nst|apparat|poste|interno|anexo|ramal|toestel|pieper|wewn|wew|доб|внутр|dahili|تحويلة|内線|pbx';

const BEFORE =
  '(?<![\\p{L}\\p{N}.,+*=/-])(?<!(?:\\p{N}|(?<!\\p{L})(?:b|tr|te|ti|hu|range|matrix|fov|wl|ww|vol|slices?|frames?|images?|id|nr|no|snr|serial))[\\s:])';
const AFTER = `(?![\\p{L}\\p{N}]|[.,/-]\\p{N}|\\s\\p{N}|${UNIT})`;
/** Excludes round numbers and matrix sizes. */
const NOT_ROUND = '(?!\\d?000|\\d{2}00|1024|2048|4096)';
const GAP = '[\\s.-]';

/** The groups of a country's numbers without its code. */
const NATIONAL = [
  // North America
  `(?:1[\\s.-])?(?:\\(\\d{3}\\)\\s?|[2-9]\\d{2}(?<s>[\\s.-]))[2-9]\\d{2}[\\s.-]${NOT_ROUND}\\d{4}`,
  `[2-9]\\d{2}-${NOT_ROUND}\\d{4}`,
  // with the trunk prefix 0: Germany, France, Italy, the Netherlands, Turkey, Japan, …
  `\\(?0(?=(?:[\\s()./-]{0,3}\\d){7})\\d{1,4}\\)?[\\s./-]{0,3}\\d{1,8}(?:${GAP}\\d{1,8}){0,4}`,
  `0\\d(?:${GAP}\\d{2}){4}`,
  // area code in brackets: Brazil, Poland, Argentina, India
  '\\(\\d{2,5}\\)\\s?\\d{2,5}[\\s-]?\\d{2,5}(?:[\\s-]\\d{2,4}){0,2}',
  '(?:\\d{2}\\s)?9\\d{4}-\\d{4}',
  // Russia
  '8[\\s-]?\\(?\\d{3,5}\\)?[\\s-]?\\d{1,3}[\\s-]\\d{2}[\\s-]\\d{2}',
  '\\d{2,3}-\\d{2}-\\d{2}',
  // Spain, Portugal, Poland, Italy
  `[2-9]\\d{2}${GAP}\\d{3}${GAP}\\d{3}`,
  '[2-9]\\d{2}\\s\\d{2}\\s\\d{2}\\s\\d{2}',
  '[1-9]\\d\\s\\d{3}\\s\\d{2}\\s\\d{2}(?:\\s\\d{2})?',
  '[1-9]\\d\\s\\d{3}\\s\\d{4}',
  // Turkey, India, Australia
  '5\\d{2}\\s\\d{3}\\s\\d{2}\\s\\d{2}',
  '[6-9]\\d{4}[\\s-]\\d{5}',
  '1[38]00\\s\\d{3}\\s\\d{3}',
].join('|');

/** The separator between two runs of digits. It is never empty, so that a run can be matched in only one way. */
const AROUND_GROUPS = '(?:\\)[\\s.\\-/]?\\(?|[\\s.\\-/]\\(?|\\()';
/** At least four digits, of which the last two are adjacent. */
const ENDS_AS_NUMBER = '(?<=(?:\\d[\\s().\\-/]{0,3}){2}\\d{2})';
const INTERNATIONAL = composePattern(
  `(?<![\\p{L}\\p{N}])(?:\\+\\s?|00)(?=(?:[\\s().\\-/]{0,2}\\d){8})[1-9]\\d{0,32}(?:${AROUND_GROUPS}\\d{1,32}){0,6}${ENDS_AS_NUMBER}(?!\\p{N}|${UNIT})`,
  'giu',
);
const GROUPED = composePattern(`${BEFORE}(?:${NATIONAL})${AFTER}`, 'giu');
const BEHIND_A_WORD = composePattern(
  `(?<!\\p{L})(?:${ANNOUNCED})(?!\\p{L})[.:#=\\s]{0,3}(?<x>\\+?\\(?(?=(?:[\\s().\\-/]{0,2}\\d){6})\\d[\\d\\s().\\-/]{1,18}\\d)(?!\\p{N}|${UNIT})`,
  'giu',
);
const SHORT = composePattern(
  `(?<!\\p{L})(?:${WITHIN})(?!\\p{L})[.:#=\\s]{1,3}(?<x>\\d{3,6})(?![\\p{N}-]|\\.\\p{N}|${UNIT})`,
  'giu',
);

/** The fewest groups of digits that make a number without a country code. */
const GROUPS_LEAST = 2;

function isTelephone(match: string): boolean {
  const groups = match.split(/\D+/).filter((group) => group !== '');
  return groups.length >= GROUPS_LEAST && !isSeries(groups);
}

/** The ranges of telephone numbers in plain text from which dates have been removed. */
export function findTelephones(text: string): Span[] {
  const short = [...text.matchAll(SHORT)];
  const long = hasManyDigits(text)
    ? [
        ...text.matchAll(INTERNATIONAL),
        ...[...text.matchAll(GROUPED)].filter(([match]) => isTelephone(match)),
        ...text.matchAll(BEHIND_A_WORD),
      ]
    : [];
  return [...short, ...long].map((match): Span => {
    const part = match.groups?.['x'] ?? match[0];
    const start = match.index + match[0].lastIndexOf(part);
    return [start, start + part.length];
  });
}
