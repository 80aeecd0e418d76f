/**
 * The settled reviews of a case, each with its readers and answers. After an adjudication, the answers that stand are
 * shown apart from those of the readers.
 */
import type { ExportField } from '#shared/protocol/exports.ts';
import type { ReviewField } from '#shared/protocol/review-forms.ts';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import type { Reading } from '../case-images.ts';
import { reportWords } from './report-words.ts';
import { lengthIn, listed, textOf, valuesIn, withTerm, type Paragraph, type Row } from './row-cells.ts';

/** The site's words for reviews, by the name of the review type. */
export type ReviewWords = Readonly<
  Record<string, { readonly title: string; readonly questions: Readonly<Record<string, ReviewField>> }>
>;

const IN_LISTS: readonly ExportField[] = [
  ...(['reviewTypes', 'decisions', 'reasons', 'readers', 'readerRoles', 'settledAt'] as const),
];
export const OF_REVIEW: readonly ExportField[] = [...IN_LISTS, 'answers'];

/** The reviews in the lists come first, then those that only the answers name because the row leaves out the types. */
export function reviewsIn(row: Row, words: ReviewWords): readonly Paragraph[] {
  const answers = answersIn(row);
  const types = valuesIn(row.get('reviewTypes')).map(String);
  const count = lengthIn(row, IN_LISTS);
  const keys = Array.from({ length: count }, (_, at) => keyAt(types, at));
  const rest = [...new Set(answers.map(({ review }) => review))].filter((key) => !keys.includes(key));
  const all = [...keys, ...rest];
  return all
    .map((key, at): Paragraph => {
      const own = answers.filter(({ review }) => review === key);
      const lines = [
        ...(at < count ? headOf(row, at, words) : []),
        ...(at < count && types[at] !== undefined ? [] : titleOf(own[0]?.type, words)),
        ...answerLines(inFormOrder(own, words), words, (place) => readerOf(row, { review: at, place })),
      ];
      return {
        term: reportWords.review(all.length > 1 ? at + 1 : null),
        lines: lines.filter(({ text }) => text !== ''),
      };
    })
    .filter(({ lines }) => lines.length > 0);
}

/** Describes the reading of a mark. `reviews`: the number of reviews of the case in the report. */
export function readingIn(row: Row, { review, place }: Reading, reviews: number): string {
  const isOnly = place === null;
  const name = nameAt(row, review, isOnly ? 1 : place);
  const nth = reviews > 1 ? reportWords.review(review + 1).toLowerCase() : null;
  const reader = isOnly ? null : reportWords.reader(place);
  const said = reader !== null && nth !== null ? reportWords.readerOf(reader, nth) : (reader ?? nth);
  return [name, said].filter(Boolean).join(', ');
}

const keyAt = (types: readonly string[], at: number): string => {
  const type = types[at];
  return keyOf(type ?? '', types.slice(0, at).filter((before) => before === type).length + 1);
};
const keyOf = (type: string, nth: number): string => `${type}#${nth}`;

function headOf(row: Row, at: number, words: ReviewWords): Paragraph['lines'] {
  const said = (field: ExportField): string => {
    const value = listed(row, field, at);
    return value === undefined || value === null ? '' : textOf(field, value);
  };
  const role = said('readerRoles');
  const decided = [said('decisions'), role === '' ? '' : reportWords.by(role, null), said('settledAt')];
  const type = listed(row, 'reviewTypes', at);
  return [
    ...titleOf(type === undefined ? undefined : `${type}`, words),
    { field: 'decisions', text: decided.filter(Boolean).join(' ') },
    { field: 'readerRoles', text: isAdjudicated(row, at) ? reportWords.differed : '' },
    ...withTerm('readers', readersAt(row, at)),
    ...withTerm('reasons', listed(row, 'reasons', at)),
  ];
}

const titleOf = (type: string | undefined, words: ReviewWords): Paragraph['lines'] =>
  type === undefined ? [] : [{ field: 'reviewTypes', text: words[type]?.title ?? type }];

const isAdjudicated = (row: Row, at: number): boolean => listed(row, 'readerRoles', at) === 'adjudicator';

/** The reader whose answers stand comes first: the adjudicator, or the first reader (export-cells.ts). */
function namesAt(row: Row, at: number): readonly { readonly place: number; readonly name: string }[] {
  const cell = row.get('readers') ?? null;
  const value = cell !== null && typeof cell === 'object' ? (cell[at] ?? null) : null;
  const names = value !== null && typeof value === 'object' ? value : [value];
  const first = isAdjudicated(row, at) ? ADJUDICATOR : 1;
  return names.flatMap((name, nth) => (name === null ? [] : [{ place: first + nth, name: `${name}` }]));
}
const nameAt = (row: Row, at: number, place: number): string | undefined =>
  namesAt(row, at).find((one) => one.place === place)?.name;

function readersAt(row: Row, at: number): string {
  const names = namesAt(row, at);
  if (names.length < 2) return names[0]?.name ?? '';
  return names.map(({ place, name }) => `${name} (${reportWords.reader(place)})`).join(', ');
}
function readerOf(row: Row, { review, place }: { readonly review: number; readonly place: number }): string {
  const name = nameAt(row, review, place);
  return name === undefined ? reportWords.reader(place) : `${reportWords.reader(place)} (${name})`;
}

/** The text form of an answer (exports.ts). */
const ANSWER =
  /^(?<type>[a-z0-9-]+)(?:#(?<nth>\d+))?(?:@reader-(?<reader>\d+))?\.(?<question>[a-zA-Z0-9]+)=(?<answer>.*)$/su;
type Answer = {
  /** The key of the review that the answer belongs to. */
  readonly review: string;
  readonly type: string;
  /** Null: the answer stands. */
  readonly reader: number | null;
  readonly question: string;
  readonly answer: string;
  readonly text: string;
};

function answersIn(row: Row): readonly Answer[] {
  return valuesIn(row.get('answers')).map((value): Answer => {
    const text = `${value}`;
    const { type = '', nth = '1', reader, question = '', answer = '' } = ANSWER.exec(text)?.groups ?? {};
    const review = keyOf(type, Number(nth));
    return { review, type, reader: reader === undefined ? null : Number(reader), question, answer, text };
  });
}

/** Answers in the order of the form; answers to questions that the form no longer asks come last. */
function inFormOrder(answers: readonly Answer[], words: ReviewWords): readonly Answer[] {
  const placeOf = ({ type, question }: Answer): number => {
    const questions = Object.keys(words[type]?.questions ?? {});
    const at = questions.indexOf(question);
    return at < 0 ? questions.length : at;
  };
  return answers.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/**
 * The answers that stand, one per line. After an adjudication, a line for each reader follows and says which answers
 * differ.
 */
function answerLines(
  answers: readonly Answer[],
  words: ReviewWords,
  readerOf: (place: number) => string,
): Paragraph['lines'] {
  const said = ({ type, question, answer, text }: Answer): string => {
    const field = words[type]?.questions[question];
    return field === undefined ? text : `${field.title} ${inWords(field, answer)}`;
  };
  const field = 'answers' as const;
  const stands = new Set(answers.flatMap((one) => (one.reader === null ? [said(one)] : [])));
  return [...Map.groupBy(answers, ({ reader }) => reader)].flatMap(([reader, own]) => {
    const texts = own.map(said);
    if (reader === null) return texts.map((text) => ({ field, text }));
    const marked = texts.map((text) => (stands.has(text) ? text : reportWords.otherAnswer(text)));
    const isSame = texts.every((text) => stands.has(text));
    const line = isSame ? reportWords.agrees : reportWords.differs;
    return [{ field, text: line(readerOf(reader), marked.join('; ')) }];
  });
}

const UNITS: Readonly<Record<string, string>> = { mm2: 'mm²', cm2: 'cm²', deg: '°', "[hnsf'U]": 'HU' };

function inWords(field: ReviewField, answer: string): string {
  switch (field['x-field']) {
    case 'radio':
      return field.oneOf.find((option) => option.const === answer)?.title ?? answer;
    case 'measurement':
      return `${answer} ${UNITS[field['x-unit']] ?? field['x-unit']}`;
    case 'scale':
      return `${answer} (from ${field.minimum} to ${field.maximum})`;
    case 'number':
    case 'text':
      return answer;
    default:
      return field satisfies never;
  }
}
