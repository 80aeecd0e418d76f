/**
 * The forms in which people write dates, as expressions over folded plain text. None matches more than some fifty
 * characters (text-patterns.ts).
 */
import { composePattern } from '../../compose-pattern.ts';
import { fold } from './fold.ts';
import { MONTH, ROMAN } from './month-names.ts';
import { UNIT } from './vocabulary.ts';

/** Neither side may be part of a longer number or of a word. */
const BEFORE = '(?<!\\p{N}|\\p{N}[.,])';
const AFTER = '(?!\\p{N}|\\.\\p{N})';
/** The separator between numbers, which must be the same on both sides of the month. */
const BETWEEN = '\\s?[-/._·]\\s?|\\s';
const SEPARATOR = '[\\s.,/-]{0,3}';
const ROMANS = ROMAN.toReversed().join('|');
/** A pattern for any one of these signs, in their folded form. */
const oneOf = (signs: string): string => `(?:${[...signs].map((sign) => fold(sign).text).join('|')})`;
const YEAR = oneOf('年년');
const MONTH_SIGN = oneOf('月월');
const DAY = oneOf('日일');
/** Digits, or the same in Chinese characters. */
const COUNT = '[\\d〇一二三四五六七八九十]';

export const FORMS = {
  // 2024-03-14, 2024/3/14, also followed by a time as in ISO 8601
  yearFirst: composePattern(
    `${BEFORE}(?<y>\\d{4})(?<s>${BETWEEN})(?<m>\\d{1,2})\\k<s>(?<d>\\d{1,2})(?!\\k<s>\\p{N})(?=t\\d|${AFTER})`,
    'gu',
  ),
  // 14.03.2024, 3/14/24
  yearLast: composePattern(
    `${BEFORE}(?<a>\\d{1,2})(?<s>${BETWEEN})(?<b>\\d{1,2})\\k<s>(?<y>\\d{4}|'?\\d{2}(?!\\k<s>\\p{N}|${UNIT}))${AFTER}`,
    'gu',
  ),
  // 20240314, 20240314123000.5 (PS3.5 §6.2 DA, DT)
  digits:
    /(?<!\p{N}|\p{N}[.,])(?<y>\d{4})(?<m>\d{2})(?<d>\d{2})(?<rest>[t_-]?\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?(?!\p{N})/gu,
  // 令和6年3月14日, 2024年3月, 3月14日, 2024년 3월 14일
  signs: composePattern(
    `(?<!\\p{N})(?:(?:(?<e>令和|平成|昭和|大正|明治|民[国國])\\s?)?(?<y>元|${COUNT}{1,4})\\s?${YEAR}\\s?)?(?<!\\p{N})(?<m>${COUNT}{1,3})\\s?${MONTH_SIGN}(?:\\s?(?<d>${COUNT}{1,3})\\s?${DAY})?`,
    'gu',
  ),
  // R6.3.14
  eraLetter:
    /(?<![\p{L}\p{N}])(?=[rhst]\.?(?:\d[./-]){0,2}\d\d)(?<e>[rhst])\.?(?<y>\d{1,2})[./-](?<m>\d{1,2})[./-](?<d>\d{1,2})(?![\p{L}\p{N}]|\.\p{N})/gu,
  // 14.III.2024, 14 III 24
  roman: composePattern(
    `(?<![\\p{L}\\p{N}])(?<d>\\d{1,2})(?<s>[./-]\\s?|\\s)(?<r>${ROMANS})(?<t>[./-]\\s?|\\s)(?<y>\\d{4}|(?<=[./-])\\d{2})${AFTER}(?!${UNIT})`,
    'gu',
  ),
  // 14 March 2024, 14MAR24, 14. März 2024, March 14
  dayAndMonth: composePattern(
    `(?<![\\p{L}\\p{N}])(?<d>\\d{1,2})(?<o>st|nd|rd|th|er|º|\\.)?(?<s>${SEPARATOR}(?:(?:of|de)\\s)?)(?<n>${MONTH})` +
      `(?:(?<t>\\.?${SEPARATOR}(?:de\\s)?'?)(?<y>\\d{4}|\\d{2}(?![:h]\\d)))?${AFTER}(?!\\p{L})`,
    'gu',
  ),
  // 2024-Mar-14, 2024 March 14
  yearMonthDay: composePattern(
    `${BEFORE}(?<y>\\d{4})(?<s>[\\s/-])(?<n>${MONTH})\\k<s>(?<d>\\d{1,2})${AFTER}`,
    'gu',
  ),
  // March 14th, 2024; March 14-16, 2024; Mar 14
  monthAndDay: composePattern(
    `(?<!\\p{L})(?<n>${MONTH})(?<s>\\.?\\s{0,2}[-/]?)(?<d>\\d{1,2})(?<o>st|nd|rd|th)?(?<u>\\s?-\\s?(?<g>\\d{1,2})(?:st|nd|rd|th)?(?!\\p{N}))?` +
      `(?:(?<t>[\\s,/-]{1,3})(?<y>\\d{4}|'\\d{2}))?${AFTER}(?!\\p{L})`,
    'gu',
  ),
  // March 2024
  monthAndYear: composePattern(
    `(?<!\\p{L})(?<n>${MONTH})(?<t>\\.?[\\s,/-]{1,3}|[-/])(?<y>\\d{4})${AFTER}`,
    'gu',
  ),
  // 03/2024, 03.2024; 2024-03
  monthOfYear: composePattern(
    `${BEFORE}(?<m>0?[1-9](?!\\.)|0[1-9]|1[0-2])(?<s>[/.])(?<y>(?:19|20)\\d{2})${AFTER}(?!${UNIT})`,
    'gu',
  ),
  yearAndMonth: composePattern(
    `${BEFORE}(?<y>(?:19|20)\\d{2})(?<s>[/-])(?<m>0[1-9]|1[0-2])${AFTER}(?!-)`,
    'gu',
  ),
  // 2024-074, the day of the year
  dayOfYear: composePattern(
    `${BEFORE}(?<![\\p{L}_-])(?:19|20)\\d{2}-(?<d>[0-3]\\d{2})(?!-)${AFTER}(?!${UNIT})`,
    'gu',
  ),
  // 14/3, 14.03., 03/14
  withoutYear: composePattern(
    `(?<![\\p{L}\\p{N}./,:+*=%]|(?<!\\.\\s?)-|\\p{N}\\s)(?<a>\\d{1,2})(?<s>[./-])(?<b>\\d{1,2})(?<e>\\.?)(?![\\p{L}\\p{N}/:+*%-]|[.,]\\p{N})(?!${UNIT})`,
    'gu',
  ),
};

/** The first day of a range, which precedes its last: "10.-14.03.2024", "10 to 14 March", "10.03.-14.03.2024". */
export const RANGE_BEFORE =
  /(?<!\p{N}|\p{N}[.,/])(?<c>\d{1,2})(?:(?<p>[./])(?<m>\d{1,2}))?(?<s>[./]?\s?(?:-|to|bis|au|al|do|tot|по)\s?)$/u;
/** The most characters before a date at which a range can begin. */
export const RANGE_FAR = 16;

const DATE_WORDS =
  'on|since|from|dated?|until|till|prior|exam|scan|of|am|vom|zum|seit|bis|den|dem|le|du|au|depuis|el|' +
  'del|desde|il|dal|al|em|op|van|sinds|dnia|od|z|w|от|с|до|на|tarihli|tarih|في|بتاريخ|منذ';
/** Words before a day and a month that show that the numbers are not a count. */
export const DATE_CUE = composePattern(`(?<!\\p{L})(?:${DATE_WORDS})[:\\s]{1,2}$|\\p{N}\\.\\s?-\\s?$`, 'u');
/** Words before eight digits that show that these are the build date of a program: "VB17_20160120". */
export const PROGRAM_CUE =
  /(?:(?<!\p{L})v[a-z]?\d{1,3}[a-z]?|latest|build|release|rel|rev|version|sw|software)[._-]$/u;
/** Words before three numbers that show that these are a version. */
export const VERSION_CUE =
  /(?<!\p{L})(?:version|ver|v|sw|software|release|rel|rev|build|syngo|kernel)[\s.:]{0,2}$/u;
const COUNT_WORDS =
  'slices?|images?|im|ima|series|se|frames?|phases?|views?|scans?|acq|no|nr|bilder?|schicht(?:en)?|' +
  'serien?|coupes?|cortes?|immagini?|strat[oi]|beeld|warstwa|срез|серия|kesit|bp|ta|pa|rr|tension|' +
  'pression|gcs|score|grade|visus|vision|gleason|lwk|bwk|hwk|lws|bws|hws|level|disc|part|page|step|' +
  'echo|te|tr|ti|fov|スライス|شريحة';
/** Words before two numbers that show that these are a count, a level or a pressure. */
export const COUNT_CUE = composePattern(`(?<!\\p{L})(?:${COUNT_WORDS})[\\s.:#]{0,2}$`, 'u');
/** Words after two numbers that show the same. */
export const COUNT_BEHIND =
  /^\s?(?:fx|fr|fractions?|views?|of|dose|gy|slices?|images?|lines?|phases?|level|disc|spacing|-)(?!\p{L})/u;
/** How many characters around two numbers are searched for these cues. */
export const CUE_FAR = 16;
