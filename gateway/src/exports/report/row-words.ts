/** The fields of a case as a person reads them: codes in words, figures with their units, results one by one. */
import type { ExportField } from '#shared/protocol/exports.ts';
import type { ReviewField } from '#shared/protocol/review-forms.ts';
import type { Cell } from '../source-row.ts';
import { isPrintable } from './printable.ts';
import { FIELD_WORDS, reportWords, VALUE_WORDS } from './report-words.ts';

/** The site's words for reviews, by the name of their type. */
export type ReviewWords = Readonly<
  Record<string, { readonly title: string; readonly questions: Readonly<Record<string, ReviewField>> }>
>;
/** One term with its lines. */
export type Paragraph = {
  readonly term: string;
  readonly lines: readonly { readonly field: ExportField; readonly text: string }[];
};
type Row = ReadonlyMap<ExportField, Cell>;

const OF_RESULT: readonly ExportField[] = [
  ...(['models', 'modelVersions', 'scores', 'positives', 'resultTimes', 'verdicts'] as const),
  'correctedFindings',
];
const OF_REVIEW: readonly ExportField[] = [
  ...(['reviewTypes', 'decisions', 'reasons', 'readers', 'readerRoles', 'settledAt'] as const),
];
/** Each of their values is a text of its own. */
const IN_LINES: readonly ExportField[] = ['notes', 'answers'];

/** In the order of the columns. Fields without a value are left out, and the number of the case heads it. */
export function paragraphsOf(row: Row, reviews: ReviewWords): readonly Paragraph[] {
  const told: Paragraph[] = [];
  const isFirstOf = (fields: readonly ExportField[], field: ExportField): boolean =>
    fields.includes(field) && [...row.keys()].find((one) => fields.includes(one)) === field;
  for (const field of row.keys()) {
    if (isFirstOf(OF_RESULT, field)) told.push(...resultsIn(row));
    if (isFirstOf(OF_REVIEW, field)) told.push(...reviewsIn(row, reviews));
    if (field === 'caseNumber' || OF_RESULT.includes(field) || OF_REVIEW.includes(field)) continue;
    const texts = valuesIn(row.get(field)).map((value) => textOf(field, value, reviews));
    const lines = IN_LINES.includes(field) ? texts : [texts.join('; ')];
    const shown = lines.filter((text) => text !== '').map((text) => ({ field, text }));
    if (shown.length > 0) told.push({ term: FIELD_WORDS[field], lines: shown });
  }
  return told;
}

type Value = Exclude<Cell, readonly Cell[]>;

const valuesIn = (cell: Cell | undefined): readonly NonNullable<Value>[] => {
  if (cell === null || cell === undefined) return [];
  return typeof cell === 'object' ? cell.flatMap(valuesIn) : [cell];
};

const DATE = /^(\d{4})(\d\d)(\d\d)$/;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

function textOf(field: ExportField, value: NonNullable<Value>, reviews: ReviewWords): string {
  const text = VALUE_WORDS[field]?.[`${value}`] ?? `${value}`;
  if (field === 'birthDate' || field === 'studyDates') return text.replace(DATE, '$1-$2-$3');
  if (field === 'patientName') return nameIn(text);
  if (field === 'ageBand' && /^\d/.test(text)) return reportWords.years(text);
  if (field === 'answers') return answerIn(text, reviews);
  return MOMENT.test(text) ? `${text.slice(0, 16).replace('T', ' ')} UTC` : text;
}

/** Of its groups (PS3.5 §6.2.1) those that can be printed, if any can. */
function nameIn(name: string): string {
  const groups = name.split('=').filter((group) => group !== '');
  const plain = groups.filter((group) => isPrintable(group));
  return (plain.length > 0 ? plain : groups).join(' = ').replace(/\^+/g, ', ');
}

/** The value of a list that stands for the result, or review, of this place. */
const listed = (row: Row, field: ExportField, at: number): Value | undefined => {
  const cell = row.get(field) ?? null;
  const value = cell !== null && typeof cell === 'object' ? (cell[at] ?? null) : null;
  return value === null || typeof value === 'object' ? undefined : value;
};
const lengthIn = (row: Row, fields: readonly ExportField[]): number =>
  Math.max(
    0,
    ...fields.map((field) => {
      const cell = row.get(field) ?? null;
      return cell !== null && typeof cell === 'object' ? cell.length : 0;
    }),
  );

function resultsIn(row: Row): readonly Paragraph[] {
  return Array.from({ length: lengthIn(row, OF_RESULT) }, (_, at): Paragraph => {
    const of = (field: ExportField) => listed(row, field, at);
    const score = of('scores');
    const positive = of('positives');
    const verdict = of('verdicts');
    const said = [
      row.has('positives') ? reportWords.positive[`${positive as boolean | undefined}`] : '',
      typeof score === 'number' ? reportWords.score(`${Math.round(score * 100) / 100}`) : '',
      verdict === undefined ? '' : (VALUE_WORDS.verdicts?.[`${verdict}`] ?? ''),
      of('resultTimes') === undefined ? '' : textOf('resultTimes', `${of('resultTimes')}`, {}),
    ].filter((text) => text !== '');
    const lines = [
      { field: 'models' as const, text: `${of('models') ?? ''}` },
      ...withTerm('modelVersions', of('modelVersions')),
      { field: 'positives' as const, text: said.join('; ') },
      ...withTerm('correctedFindings', of('correctedFindings')),
    ];
    return { term: reportWords.result, lines: lines.filter(({ text }) => text !== '') };
  }).filter(({ lines }) => lines.length > 0);
}

function reviewsIn(row: Row, reviews: ReviewWords): readonly Paragraph[] {
  return Array.from({ length: lengthIn(row, OF_REVIEW) }, (_, at): Paragraph => {
    const of = (field: ExportField) => listed(row, field, at);
    const said = (field: ExportField): string => {
      const value = of(field);
      return value === undefined || value === null ? '' : textOf(field, value, reviews);
    };
    const type = `${of('reviewTypes') ?? ''}`;
    const lines = [
      { field: 'reviewTypes' as const, text: reviews[type]?.title ?? type },
      {
        field: 'decisions' as const,
        text: [said('decisions'), roleIn(said('readerRoles')), said('settledAt')].filter(Boolean).join(' '),
      },
      ...withTerm('readers', of('readers')),
      ...withTerm('reasons', of('reasons')),
    ];
    return { term: reportWords.review, lines: lines.filter(({ text }) => text !== '') };
  }).filter(({ lines }) => lines.length > 0);
}

const roleIn = (role: string): string => (role === '' ? '' : reportWords.by(role, null));

const withTerm = (field: ExportField, value: Value | undefined): Paragraph['lines'] =>
  value === undefined || value === null || value === ''
    ? []
    : [{ field, text: `${FIELD_WORDS[field]}: ${value}` }];

/** `type.question=answer` (export-cells.ts). */
const ANSWER = /^(?<type>[a-z0-9-]+)\.(?<question>[a-zA-Z0-9]+)=(?<answer>.*)$/su;

function answerIn(text: string, reviews: ReviewWords): string {
  const { type = '', question = '', answer = '' } = ANSWER.exec(text)?.groups ?? {};
  const field = reviews[type]?.questions[question];
  if (field === undefined) return text;
  return `${field.title} ${inWords(field, answer)}`;
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
