/** Cases as CSV: the columns of an export, the columns that an import reads, and its report. */
import { z } from 'zod';

/** The columns of an export, in their order. */
export const CASE_CSV_COLUMNS = [
  'id',
  'version',
  'number',
  'title',
  'status',
  'priority',
  'tags',
  'dueOn',
  'assignee',
  'pseudonym',
  'expects',
  'studies',
  'modalities',
  // What models found, and what the readings of people say (CASE_READINGS, or `contradicted`).
  'modelFinding',
  'reading',
  'createdBy',
  'createdAt',
  'changedAt',
  'closedAt',
] as const;
export type CaseCsvColumn = (typeof CASE_CSV_COLUMNS)[number];

/** A row with an id changes that case. A row without one opens a case, for studies or for one of the numbers. */
export const CASE_CSV_FIELDS = [
  'id',
  'version',
  'title',
  'status',
  'priority',
  'tags',
  'dueOn',
  'assignee',
  'studies',
  'accessionNumber',
  'patientId',
] as const;
export type CaseCsvField = (typeof CASE_CSV_FIELDS)[number];

export const CSV_ROWS_LIMIT = 50_000;
export const CSV_BYTES_LIMIT = 64 * 1024 * 1024;
export const CSV_COLUMNS_LIMIT = 64;

/** The reasons for rejecting a row. */
const CASE_CSV_FAULTS = [
  // About a value.
  'missing',
  'invalid',
  'nobody',
  'unchangeable',
  // About the study or the number of a new case.
  'one-number',
  'unknown-study',
  'several-patients',
  // About the case that the row names.
  'unknown-case',
  'twice',
  'outdated',
  'closed',
  'unreadable',
  'blinded',
  // About the file.
  'not-utf8',
  'quotes',
  'too-long',
  'cells',
  'too-many-rows',
  'too-many-columns',
  'no-columns',
] as const;
export type CaseCsvFault = (typeof CASE_CSV_FAULTS)[number];

/** The field of each column of a file from the left, separated by commas; `-` for a column that is left out. */
export const csvColumnsSchema = z
  .string()
  .max(1024)
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum([...CASE_CSV_FIELDS, '-'])).max(CSV_COLUMNS_LIMIT))
  .refine((fields) => {
    const named = fields.filter((field) => field !== '-');
    return new Set(named).size === named.length;
  }, 'a field twice');

/** `POST /cases/import`. Either all rows are imported, or none. */
export const caseImportSchema = z.object({
  isImported: z.boolean(),
  /** The columns of the file, and the field that each is read as; null: the column is left out. */
  columns: z.array(z.object({ header: z.string(), field: z.enum(CASE_CSV_FIELDS).nullable() })),
  /** The first rows, unchanged. */
  preview: z.array(z.array(z.string())),
  /** The rows below the header. */
  rows: z.number().int(),
  opened: z.number().int(),
  changed: z.number().int(),
  unchanged: z.number().int(),
  wrongRows: z.number().int(),
  /** The first faults. `row`: numbered as in a spreadsheet, where the header is 1. */
  wrong: z.array(
    z.object({
      row: z.number().int(),
      field: z.enum(CASE_CSV_FIELDS).nullable(),
      fault: z.enum(CASE_CSV_FAULTS),
    }),
  ),
  /** Rows that would open the same case as an earlier row, word for word. This is allowed. */
  repeatedRows: z.number().int(),
  /** The first repeated rows, each with the row that it repeats (`of`). */
  repeated: z.array(z.object({ row: z.number().int(), of: z.number().int() })),
});
export type CaseImport = z.infer<typeof caseImportSchema>;
