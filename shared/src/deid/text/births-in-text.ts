/**
 * Finds where a text states a date or year of birth, by the words for it in twelve languages and more. No option keeps
 * Patient's Birth Date (PS3.15 Table E.1-1), so a year alone is removed too, and a date in such a place is neither
 * kept nor moved.
 */
import { composePattern } from '../../compose-pattern.ts';
import type { Folded } from './fold.ts';
import type { Span } from './text-patterns.ts';
import { UNIT } from './vocabulary.ts';

/** Words for birth, folded. */
const BORN = [
  'born|b\\.|birth|birth\\s?date|date of birth|birth\\s?year|year of birth|yob|dob|d\\.o\\.b\\.',
  'geb\\.?|geboren(?:e[rn]?)?|geburtsjahr|geburtsdatum|jahrgang|jg\\.|nee?(?=\\sen)|naissance|nacid[oa]|nacio|nacimiento',
  'nat[oa]|nascita|nascid[oa]|nasceu|nascimento|geboortejaar|geboortedatum|ur\\.|urodzon[ya]|urodzenia|rocznik',
  'nar\\.|narozena?|narozeni|narodeny|syntynyt|syntymavuosi|fodd|fodt|fodelsear|szul\\.|szuletett',
  'родил(?:ся|ась)|род\\.|рождения|dogum(?: yili| tarihi)?|d\\. ?yili|مواليد|الميلاد|ميلاد|ولدت?|تولد|生年(?:月日)?|出生(?:于|年)?',
].join('|');
const BETWEEN =
  "[\\s:=.,(]{0,3}(?:(?:in|im|am|on|le|il|al|dne|jahre?|the|year|en|el|nel|em|den|w|roku|r|v|roce|l'annee|ano|anno|de|del|в|году|около|عام|سنة|about|around|circa|ca|c|um|vers|ok)[\\s:=.]{1,2}){0,3}";
const YEAR = "(?:(?:18|19|20)\\d{2}|'\\d{2})(?!\\p{N}|[.,/-]\\p{N}";
const BEHIND =
  '\\s?г\\.?\\s?р(?:\\.|ожд)|\\s?г(?:\\.|ода)\\s?рождения|\\s?dogumlu|\\s?年(?:生|出生)|\\s?geboren(?!\\p{L})|\\s?births?(?!\\p{L})';
/** A year of a Japanese era, counted from 1. */
const ERA = '(?:明治|大正|昭和|平成|令和)\\d{1,2}';

const BIRTH = composePattern(
  `(?:(?<![\\p{L}\\p{N}])(?:${BORN})(?!\\p{L})${BETWEEN}|(?<![\\p{L}\\p{N})*])\\*(?=\\d))(?<x>${YEAR}|${UNIT}))?`,
  'gu',
);
const BORN_BEHIND = composePattern(`(?<![\\p{N}.,/-])(?<x>(?:18|19|20)\\d{2}|${ERA})(?:${BEHIND})`, 'gu');

interface FoundBirths {
  /** Ranges of years that stand alone, without a day. */
  readonly years: readonly Span[];
  /** Positions where a birth date would begin. */
  readonly places: ReadonlySet<number>;
}

export function findBirths(folded: Folded): FoundBirths {
  const years: Span[] = [];
  const places = new Set<number>();
  if (!/\d/.test(folded.text)) return { years, places };
  for (const match of folded.text.matchAll(BIRTH)) {
    const year = match.groups?.['x'] ?? '';
    const end = match.index + match[0].length;
    if (year !== '') years.push(folded.rangeOf(end - year.length, end));
    else if (end < folded.text.length) places.add(folded.rangeOf(end, end + 1)[0]);
  }
  for (const { index, groups } of folded.text.matchAll(BORN_BEHIND))
    years.push(folded.rangeOf(index, index + groups!['x']!.length));
  return { years, places };
}
