/**
 * Finds ages in years as texts in twelve languages state them: "92-year-old", "aged 92", "92 y/o", "95yM", "92
 * jährig", "95歳", "ninety-five years". Above 89 also "92 y" and "95 F", because nothing else in an image lasts so
 * long. Ages of a stent or of bones, and ages in weeks, are not meant.
 */
import { composePattern } from '../../compose-pattern.ts';
import { fold, type Folded } from './fold.ts';

const YEARS_OLD = [
  '[\\s-]?(?:years?|yrs?|y)[\\s-]?(?:old|of age)|\\s?y\\.?\\s?/?o(?:\\.|(?!\\p{L}))|\\s?y\\.?[\\s/]?[fm](?!\\p{L})|\\s?yo[fm]?(?!\\p{L})',
  "[\\s-]?jahrig\\p{L}{0,64}|\\s?jahre alt|\\s?ans d'age|\\s?anos de edad|\\s?anos de idade|\\s?anni di eta|\\s?jaar oud|-?jarige?(?!\\p{L})",
  '[\\s-]?letni\\p{L}{0,5}|[\\s-]?летн\\p{L}{0,5}|[\\s-]?лет от роду|\\s?yasinda|\\s?عاما من العمر',
  `\\s?[歳才岁歲](?!月)|\\s?${fold('세').text}(?!\\p{L})`,
].join('|');
/** Years of anything. From 90 on, they can only be the age of a person. */
const YEARS =
  '(?:yrs?|years?|y|j|jahre?|anos|anni|jaar|ans|jr|lat|лет|года?|г|yas|yasli|سنة|سنوات|عاما?)(?!\\p{L})';
const AGED =
  'aged?|alter|age|agee?\\sde|(?:homme|femme|patiente?)\\sde|edad|idade|eta|leeftijd|wiek|возраст|yas|yasi|العمر|عمره|عمرها';
const NOT_YEARS =
  '(?!\\p{N}|\\.\\p{N}|\\s?(?:mm|cm|ml|%|weeks?|months?|days?|hours?|wochen|monate|tage|mois|meses|mesi|semanas?)(?!\\p{L}))';

/** The numbers from 90 to 99, and a hundred, in words, followed by a word for years. */
const WORDS = [
  '(?:ninety(?:[\\s-](?:one|two|three|four|five|six|seven|eight|nine))?|(?:one\\s|a\\s)hundred)(?=[\\s-](?:years?|yrs?|y))',
  '(?:\\p{L}{2,7}und)?neunzig(?=[\\s-]?jahr)|hundert(?=[\\s-]?jahr)',
  'quatre[\\s-]vingt[\\s-](?:dix(?:[\\s-](?:sept|huit|neuf))?|onze|douze|treize|quatorze|quinze|seize)(?=\\sans)|nonante(?:[\\s-]\\p{L}{2,6}){0,2}(?=\\sans)|cent(?=\\sans)',
  'noventa(?:\\s[ye]\\s\\p{L}{2,6})?(?=\\sanos)|cien(?=\\sanos)|novant\\p{L}{1,9}(?=\\sanni)|novant\\p{L}{0,9}enne|cent(?=\\sanni)',
  '(?:\\p{L}{2,6}en)?negentig(?=[\\s-]?ja)|honderd(?=[\\s-]?ja)|dziewiecdziesiat(?:\\s\\p{L}{3,8})?(?=\\slat)|dziewiecdziesiecio\\p{L}{0,8}(?=letni)|sto(?=\\slat)',
  'девяност\\p{L}{1,12}(?=летн)|девяносто(?:\\s\\p{L}{3,7})?(?=\\s(?:лет|год))|сто(?=\\sлет)|doksan(?:\\s\\p{L}{2,6})?(?=\\syas)|yuz(?=\\syas)',
  '(?:\\p{L}{3,6}\\s)?و?تسع(?:ون|ين)(?=\\s(?:عام|سنة))|مائة(?=\\s(?:عام|سنة))|[九百][十一二三四五六七八九]{0,2}(?=[歳才岁歲])',
  'nonagenari\\p{L}{1,4}|centenari\\p{L}{1,4}|nonagenaire|centenaire(?!\\p{L})',
].join('|');

const AGE = composePattern(
  `(?<![\\p{N}.])(?<!骨年齢\\s?)(?<x>\\d{1,3})(?:${YEARS_OLD})` +
    `|(?<![\\p{N}.])(?<o>9\\d|1[0-2]\\d)\\s?-?${YEARS}` +
    `|(?<![\\p{L}\\p{N}.])(?<s>9\\d\\s?|1[0-2]\\d)[fmw](?![\\p{L}\\p{N}])` +
    `|(?<!\\p{L}|(?:bone|bone-|gestational|os)\\s?)(?:${AGED})[:=\\s]{1,3}(?<z>\\d{1,3})${NOT_YEARS}` +
    `|(?<!\\p{L})(?:di anni|lat)\\s(?<p>9[1-9]|1[0-2]\\d)(?![\\p{N}°]|\\.\\p{N})` +
    `|(?<![\\p{L}\\p{N}])[fmw]\\s?(?<q>9\\d)(?![\\p{L}\\p{N}.,])|(?<![\\p{N}.])(?<r>9\\d)\\sa\\.|(?<!骨)(?:年齢|年龄)\\s?[:=]?\\s?(?<j>\\d{1,3})(?!\\p{N})` +
    `|(?<!\\p{L})(?<w>${WORDS})`,
  'gu',
);

export interface FoundAge {
  readonly start: number;
  readonly end: number;
  readonly years: number;
}

/** The value of an age in words, which only has to be above the limit. */
const IN_WORDS_YEARS = 91;

/**
 * The ages in plain text. A single letter for the sex counts only if it is a capital, because "100 m" is a distance.
 */
export function findAges(text: string, folded: Folded): FoundAge[] {
  return [...folded.text.matchAll(AGE)].flatMap((match): FoundAge[] => {
    const { x, o, s, z, j, p, q, r, w } = match.groups ?? {};
    const said = (x ?? o ?? s ?? z ?? j ?? p ?? q ?? r ?? w ?? '').trimEnd();
    const at = match.index + (w === undefined ? match[0].lastIndexOf(said) : 0);
    const [start, end] = folded.rangeOf(at, at + said.length);
    const [first] = folded.rangeOf(match.index, match.index + match[0].length);
    const written = text.slice(first, first + match[0].length);
    if ((s ?? q) !== undefined && !/[FMW]/.test(written)) return [];
    if (p !== undefined && written.startsWith('LAT')) return [];
    return [{ start, end, years: w === undefined ? Number(said) : IN_WORDS_YEARS }];
  });
}
