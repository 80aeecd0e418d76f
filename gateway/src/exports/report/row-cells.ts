/** The cells of a case in words: single values, and lists with one value per result or review. */
import type { ExportField } from '#shared/protocol/exports.ts';
import type { Cell } from '../source-row.ts';
import { isPrintable } from './printable.ts';
import { FIELD_WORDS, reportWords, VALUE_WORDS } from './report-words.ts';

/** A term with its lines. */
export type Paragraph = {
  readonly term: string;
  readonly lines: readonly { readonly field: ExportField; readonly text: string }[];
};
export type Row = ReadonlyMap<ExportField, Cell>;

type Value = Exclude<Cell, readonly Cell[]>;

export const valuesIn = (cell: Cell | undefined): readonly NonNullable<Value>[] => {
  if (cell === null || cell === undefined) return [];
  return typeof cell === 'object' ? cell.flatMap(valuesIn) : [cell];
};

const DATE = /^(\d{4})(\d\d)(\d\d)$/;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

export function textOf(field: ExportField, value: NonNullable<Value>): string {
  const text = VALUE_WORDS[field]?.[`${value}`] ?? `${value}`;
  if (field === 'birthDate' || field === 'studyDates') return text.replace(DATE, '$1-$2-$3');
  if (field === 'patientName') return nameIn(text);
  if (field === 'ageBand' && /^\d/.test(text)) return reportWords.years(text);
  return MOMENT.test(text) ? `${text.slice(0, 16).replace('T', ' ')} UTC` : text;
}

/** The printable groups of a name (PS3.5 §6.2.1); all groups if none can be printed. */
function nameIn(name: string): string {
  const groups = name.split('=').filter((group) => group !== '');
  const plain = groups.filter((group) => isPrintable(group));
  return (plain.length > 0 ? plain : groups).join(' = ').replace(/\^+/g, ', ');
}

/** The value at index `at` of a list with one value per result or review. */
export const listed = (row: Row, field: ExportField, at: number): Value | undefined => {
  const cell = row.get(field) ?? null;
  const value = cell !== null && typeof cell === 'object' ? (cell[at] ?? null) : null;
  return value === null || typeof value === 'object' ? undefined : value;
};
export const lengthIn = (row: Row, fields: readonly ExportField[]): number =>
  Math.max(
    0,
    ...fields.map((field) => {
      const cell = row.get(field) ?? null;
      return cell !== null && typeof cell === 'object' ? cell.length : 0;
    }),
  );

export const withTerm = (field: ExportField, value: Value | undefined): Paragraph['lines'] =>
  value === undefined || value === null || value === ''
    ? []
    : [{ field, text: `${FIELD_WORDS[field]}: ${value}` }];
