/**
 * Finds numbers that a state or an insurer assigns to a person (health and social insurance, taxes, population
 * registers), by the groups in which they are written and by their check digits. Written without separators they are
 * long numbers, which are removed in any case (text-patterns.ts), so only numbers with separators are found here.
 *
 * The package for this (stdnum) is not used: it checks whole values but does not find numbers in a text, loads the
 * rules of all countries at once, and rejects examples from the specifications.
 */
import { composePattern } from '../../compose-pattern.ts';
import { isLuhn, isMod11And10, isVerhoeff, weighted } from './check-digits.ts';
import type { Span } from './text-patterns.ts';
import { UNIT } from './vocabulary.ts';

interface NationalNumber {
  /** The pattern of one country's numbers, or of several countries' if they have the same groups. */
  readonly written: string;
  /** Checks the letters and digits without separators. Null: the groups are distinctive enough. */
  readonly isOne: ((value: string) => boolean) | null;
}

const endsWith = (value: string, digit: number): boolean => Number(value.at(-1)) === digit;
const mod11 = (value: string, weights: readonly number[]): number => weighted(value, weights) % 11;

/** UK NHS number (Data Dictionary: NHS NUMBER). */
const isNhs = (value: string): boolean =>
  endsWith(value, (11 - mod11(value, [10, 9, 8, 7, 6, 5, 4, 3, 2])) % 11);
/** Dutch burgerservicenummer, the "elfproef". */
const isBsn = (value: string): boolean => mod11(value, [9, 8, 7, 6, 5, 4, 3, 2, -1]) === 0;
/** Portuguese NIF. */
const isNif = (value: string): boolean => {
  const rest = mod11(value, [9, 8, 7, 6, 5, 4, 3, 2]);
  return endsWith(value, rest < 2 ? 0 : 11 - rest);
};
/** Australian tax file number. */
const isTfn = (value: string): boolean => mod11(value, [1, 4, 3, 7, 5, 8, 6, 9, 10]) === 0;
/** Spanish DNI and NIE: the letter is chosen by the remainder of the number divided by 23. */
const DNI_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE';
const isDni = (value: string): boolean => {
  const number = value
    .slice(0, -1)
    .replace(/^[XYZ]/i, (letter) => String('XYZ'.indexOf(letter.toUpperCase())));
  return DNI_LETTERS[Number(number) % DNI_LETTERS.length] === value.at(-1)!.toUpperCase();
};
/** Austrian Sozialversicherungsnummer: the fourth digit checks the others. */
const isSvnr = (value: string): boolean => mod11(value, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) === Number(value[3]);
/** Turkish kimlik number. */
const isKimlik = (value: string): boolean => {
  const odd = weighted(value, [1, 0, 1, 0, 1, 0, 1, 0, 1]);
  const even = weighted(value, [0, 1, 0, 1, 0, 1, 0, 1]);
  const sum = weighted(value, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  return (odd * 7 - even + 100) % 10 === Number(value[9]) && sum % 10 === Number(value[10]);
};
/** Polish PESEL. */
const isPesel = (value: string): boolean =>
  endsWith(value, (10 - (weighted(value, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10);
/** Norwegian fødselsnummer: two check digits. */
const isFnr = (value: string): boolean =>
  mod11(value, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) === 0 && mod11(value, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) === 0;
/** Japanese individual number ("My Number"). */
const isMyNumber = (value: string): boolean => {
  const rest = mod11(value, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
  return endsWith(value, rest < 2 ? 0 : 11 - rest);
};
/** Brazilian cartão nacional de saúde. */
const isCns = (value: string): boolean =>
  mod11(value, [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) === 0;
/** Australian Medicare: the ninth digit checks the first eight. */
const isMedicare = (value: string): boolean =>
  /^[2-6]/.test(value) && weighted(value, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(value[8]);
/** German Krankenversichertennummer: the letter counts as its position in the alphabet. */
const isKvnr = (value: string): boolean =>
  isLuhn(`0${String(value.toUpperCase().charCodeAt(0) - 64).padStart(2, '0')}${value.slice(1)}`) ||
  isAlternating(String(value.toUpperCase().charCodeAt(0) - 64).padStart(2, '0') + value.slice(1));
/** Weights 1 and 2 from the left. */
function isAlternating(digits: string): boolean {
  const sum = [...digits.slice(0, -1)].reduce((total, digit, at) => {
    const product = Number(digit) * ((at % 2) + 1);
    return total + (product > 9 ? product - 9 : product);
  }, 0);
  return endsWith(digits, sum % 10);
}
/**
 * Whether the value begins with a birth date of six digits, in Danish or Swedish order (Swedish coordination numbers
 * add 60 to the day).
 */
const hasBirthday = (value: string): boolean => {
  const isWithin = (at: number, most: number): boolean => {
    const number = Number(value.slice(at, at + 2));
    return number >= 1 && number <= most;
  };
  return isWithin(2, 12) && (isWithin(0, 31) || isWithin(4, 91));
};

const NUMBERS: readonly NationalNumber[] = [
  // CA SIN, PT NIF, AU TFN, NL BSN
  {
    written: '\\d{3}[\\s.-]\\d{3}[\\s.-]\\d{3}',
    isOne: (value) => isLuhn(value) || isNif(value) || isTfn(value) || isBsn(value),
  },
  // US SSN
  { written: '(?!000|666|9)\\d{3}\\s(?!00)\\d{2}\\s(?!0000)\\d{4}', isOne: (value) => !/0$/.test(value) },
  // GB NHS, NI
  { written: '\\d{3}[\\s-]\\d{3}[\\s-]\\d{4}', isOne: isNhs },
  { written: '[A-Z]{2}\\s?\\d{2}\\s\\d{2}\\s\\d{2}\\s?[A-D]', isOne: null },
  // IE PPS
  { written: '\\d{7}\\s[A-W][A-IW]?', isOne: null },
  // DE: tax number, pension insurance, health insurance
  { written: '\\d{2}\\s\\d{3}\\s\\d{3}\\s\\d{3}', isOne: isMod11And10 },
  { written: '\\d{2}\\s\\d{6}\\s[A-Z]\\s\\d{3}', isOne: null },
  { written: '[A-Z]\\s?\\d{3}\\s\\d{3}\\s\\d{3}', isOne: isKvnr },
  // AT, CH
  { written: '\\d{4}[\\s/-]\\d{2}[\\s.]?\\d{2}[\\s.]?\\d{2}', isOne: isSvnr },
  { written: '756[\\s.]\\d{4}[\\s.]\\d{4}[\\s.]\\d{2}', isOne: null },
  // FR, whose groups are distinctive enough (people shorten and mistype the key); then BE, NL, LU
  {
    written:
      '(?!\\d{13})[1-478][\\s._-]?\\d{2}[\\s._-]?(?:0[1-9]|1[0-2]|[2-9]\\d)[\\s._-]?(?:\\d{2}|2[AB])[\\s._-]?\\d{3}[\\s._-]?\\d{3}' +
      '(?:[\\s._/(-]{0,3}(?:[Cc]l[ée][\\s:]{0,2})?\\d{1,3}\\)?)?',
    isOne: null,
  },
  { written: '\\d{2}\\.\\d{2}\\.\\d{2}-\\d{3}[\\s.-]\\d{2}', isOne: null },
  { written: '\\d{4}[\\s.]\\d{2}[\\s.]\\d{3}', isOne: isBsn },
  {
    written: '(?:1[89]|20)\\d{2}\\s?\\d{2}\\s?\\d{2}\\s\\d{3}\\s?\\d{2}',
    isOne: (value) => isLuhn(value.slice(0, 12)),
  },
  // ES: DNI, NIE, social security
  { written: '(?:\\d{1,2}\\.?\\d{3}\\.?\\d{3}|[XYZ][\\s-]?\\d{7})[\\s-]?[A-HJ-NP-TV-Z]', isOne: isDni },
  { written: '\\d{2}[/\\s]\\d{7,8}[/\\s]\\d{2}', isOne: null },
  // PT, IT
  { written: '\\d{8}\\s\\d\\s?[A-Z]{2}\\d', isOne: null },
  { written: '[A-Z]{3}\\s?[A-Z]{3}\\s?\\d{2}[A-EHLMPRST]\\d{2}\\s?[A-Z]\\d{3}\\s?[A-Z]', isOne: null },
  // PL, NO, then CZ, then DK and SE, FI
  { written: '\\d{6}[\\s-]\\d{5}', isOne: (value) => isPesel(value) || isFnr(value) },
  { written: '\\d{6}/\\d{3,4}', isOne: null },
  { written: '\\d{6}[-+]\\d{4}', isOne: hasBirthday },
  { written: '(?:19|20)\\d{6}[-+]\\d{4}', isOne: (value) => isLuhn(value.slice(2)) },
  { written: '\\d{6}[-+A-FU-Y]\\d{3}[\\dA-FHJ-NPR-Y]', isOne: hasBirthday },
  // TR
  { written: '\\d{3}\\s\\d{3}\\s\\d{3}\\s\\d{2}', isOne: isKimlik },
  // IN Aadhaar, JP
  { written: '\\d{4}[\\s-]\\d{4}[\\s-]\\d{4}', isOne: (value) => isVerhoeff(value) || isMyNumber(value) },
  // IN ABHA
  { written: '\\d{2}-\\d{4}-\\d{4}-\\d{4}', isOne: null },
  // BR: CPF, RG, CNS
  { written: '\\d{3}\\.\\d{3}\\.\\d{3}-\\d{2}', isOne: null },
  { written: '\\d{1,2}\\.\\d{3}\\.\\d{3}-[\\dX]', isOne: null },
  { written: '\\d{3}\\s\\d{4}\\s\\d{4}\\s\\d{4}', isOne: isCns },
  // AU: Medicare, health identifier
  { written: '\\d{4}\\s\\d{5}\\s\\d(?:[\\s/-]\\d)?', isOne: isMedicare },
  { written: '\\d{4}\\s\\d{4}\\s\\d{4}\\s\\d{4}', isOne: isLuhn },
  // RU: SNILS, passport
  { written: '\\d{3}-\\d{3}-\\d{3}[\\s-]\\d{2}', isOne: null },
  { written: '\\d{2}\\s\\d{2}\\s\\d{6}', isOne: null },
];

/** Neither side may be part of a longer number or of a word. */
const NUMBER_FORMS: readonly { readonly form: RegExp; readonly isOne: NationalNumber['isOne'] }[] =
  NUMBERS.map(({ written, isOne }) => ({
    form: composePattern(
      `(?<![\\p{L}\\p{N}]|[\\p{N}][.,/-])${written}(?![\\p{L}\\p{N}]|[.,/-]\\p{N}|${UNIT})`,
      'gu',
    ),
    isOne,
  }));

/** No national number has fewer digits. */
const DIGITS_LEAST = 6;
/** Whether groups are the sizes of a matrix or a list of settings: "512 512 256". No setting begins with a zero. */
export const isSeries = (groups: readonly string[]): boolean =>
  groups.every((group) => /^(?:0|[1-9]\d{0,3})$/.test(group)) &&
  [5, 16].some((step) => groups.every((group) => Number(group) % step === 0));

/** Whether a text has enough digits to hold a personal number or a telephone number. */
export const hasManyDigits = (text: string): boolean => (text.match(/\d/g)?.length ?? 0) >= DIGITS_LEAST;

/** The ranges of national numbers in plain text. */
export function findNationalNumbers(text: string): Span[] {
  if (!hasManyDigits(text)) return [];
  return NUMBER_FORMS.flatMap(({ form, isOne }) =>
    [...text.matchAll(form)]
      .filter(([match]) => !isSeries(match.split(/[^\p{L}\p{N}]+/u)))
      .filter(([match]) => isOne === null || isOne(match.replace(/[^\p{L}\p{N}]/gu, '')))
      .map((match): Span => [match.index, match.index + match[0].length]),
  );
}
