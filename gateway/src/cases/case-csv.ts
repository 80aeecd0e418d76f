/** Converts a case to a row of CSV, and a row of CSV to the fields that a person may set. */
import { z } from 'zod';
import {
  CASE_PRIORITIES,
  caseTagsSchema,
  caseTitleSchema,
  newCaseSchema,
  type Case,
  type CaseChange,
  type CasePart,
} from '#shared/protocol/cases.ts';
import {
  CASE_CSV_COLUMNS,
  CASE_CSV_FIELDS,
  type CaseCsvColumn,
  type CaseCsvFault,
  type CaseCsvField,
} from '#shared/protocol/case-csv.ts';
import { uidSchema } from '#shared/protocol/forms.ts';
import type { CaseReading } from '../findings/compare-outcomes.ts';
import { readList, writeList } from '../http/csv.ts';

type Shown = Omit<Case, 'withheld'> & Partial<CaseReading>;
/** The value of each field for which the file has a column. */
export type CsvValues = ReadonlyMap<CaseCsvField, string>;

/**
 * A column with anything that is withheld from the reader is left out, so that importing the file again does not empty
 * it.
 */
export function columnsFor(withheld: readonly CasePart[], seesReadings: boolean): readonly CaseCsvColumn[] {
  const hidden = new Set<CaseCsvColumn>([
    ...(seesReadings ? [] : (['reading'] as const)),
    ...(withheld.includes('title') ? (['title'] as const) : []),
    ...(withheld.includes('tags') ? (['tags'] as const) : []),
    ...(withheld.includes('people') ? (['assignee', 'createdBy'] as const) : []),
  ]);
  return CASE_CSV_COLUMNS.filter((column) => !hidden.has(column));
}

const CELLS: Readonly<Record<CaseCsvColumn, (of: Shown) => string>> = {
  id: ({ id }) => id,
  version: ({ version }) => `${version}`,
  number: ({ number }) => `${number}`,
  title: ({ title }) => title ?? '',
  status: ({ status }) => status,
  priority: ({ priority }) => priority,
  tags: ({ tags }) => writeList(tags ?? []),
  dueOn: ({ dueOn }) => dueOn ?? '',
  assignee: ({ assignee }) => assignee?.username ?? '',
  pseudonym: ({ pseudonym }) => pseudonym ?? '',
  expects: ({ expects }) => expects ?? '',
  studies: ({ studies }) => studies.map(({ studyInstanceUID }) => studyInstanceUID).join(' '),
  modalities: ({ modalities }) => modalities.join(' '),
  modelFinding: ({ finding }) => finding,
  reading: ({ reading, isDisputed }) => (isDisputed === true ? 'contradicted' : (reading ?? '')),
  createdBy: ({ createdBy }) => createdBy ?? '',
  createdAt: ({ createdAt }) => createdAt,
  changedAt: ({ changedAt }) => changedAt,
  closedAt: ({ closedAt }) => closedAt ?? '',
};

export const cellsOf = (columns: readonly CaseCsvColumn[], of: Shown): string[] =>
  columns.map((column) => CELLS[column](of));

const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '');
/** Other names of fields that pages and people use. */
const ALSO: Readonly<Record<string, CaseCsvField>> = { due: 'dueOn', duedate: 'dueOn' };

/** Finds the field of a column header. Spreadsheets and people write headers in many ways: `Due on` is `dueOn`. */
export function fieldOf(header: string): CaseCsvField | null {
  return CASE_CSV_FIELDS.find((field) => plain(field) === plain(header)) ?? ALSO[plain(header)] ?? null;
}

/** A value in a row that cannot be accepted. */
export class RowFault extends Error {
  readonly field: CaseCsvField | null;
  readonly fault: CaseCsvFault;

  constructor(fault: CaseCsvFault, field: CaseCsvField | null = null) {
    super(fault);
    this.name = 'RowFault';
    this.field = field;
    this.fault = fault;
  }
}

/** The ids of accounts by their user names. */
export type Assignees = ReadonlyMap<string, string>;

export type Fields = Omit<CaseChange, 'version'>;

/** Parses these values into fields. @throws RowFault. */
export function fieldsOf(values: CsvValues, assignees: Assignees): Fields {
  const readers: { readonly [F in CaseCsvField]?: (value: string) => Fields } = {
    title: (title) => ({ title: valid('title', caseTitleSchema, title) }),
    status: (status) => ({ status: valid('status', z.enum(['open', 'on-hold']), status.toLowerCase()) }),
    priority: (priority) => ({
      priority: valid('priority', z.enum(CASE_PRIORITIES), priority.toLowerCase()),
    }),
    tags: (tags) => ({ tags: valid('tags', caseTagsSchema, listOf(tags)) }),
    dueOn: (dueOn) => ({ dueOn: dueOn === '' ? null : valid('dueOn', z.iso.date(), dueOn) }),
    assignee: (name) => ({ assigneeId: assigneeOf(name, assignees) }),
  };
  const read = [...values].map(([field, value]) => readers[field]?.(value) ?? {});
  return Object.assign({}, ...read) as Fields;
}

/** @throws RowFault missing, invalid. */
function valid<T>(field: CaseCsvField, schema: z.ZodType<T>, value: unknown): T {
  if (value === '') throw new RowFault('missing', field);
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new RowFault('invalid', field);
  return parsed.data;
}

/** Longer than the longest possible list of tags, even with every tag quoted and every quote doubled. */
export const TAGS_CHARACTERS = 1024;

function listOf(tags: string): string[] {
  // A line end would start a second list.
  if (tags.length > TAGS_CHARACTERS || /\p{Cc}/u.test(tags)) throw new RowFault('invalid', 'tags');
  try {
    return readList(tags);
  } catch {
    throw new RowFault('invalid', 'tags');
  }
}

function assigneeOf(name: string, assignees: Assignees): string | null {
  if (name === '') return null;
  const id = assignees.get(name);
  if (id === undefined) throw new RowFault('nobody', 'assignee');
  return id;
}

/** The subject of a new case: exactly one of studies, accession number and Patient ID. @throws RowFault. */
export function aboutOf(values: CsvValues): { studies: string[] } | { expected: NonNullable<Expected> } {
  const said = (['studies', 'accessionNumber', 'patientId'] as const).flatMap((field) => {
    const value = values.get(field) ?? '';
    return value === '' ? [] : [{ field, value }];
  });
  const [one] = said;
  if (one === undefined || said.length > 1) throw new RowFault('one-number');
  if (one.field === 'studies') {
    const uids = valid('studies', z.array(uidSchema).min(1).max(20), one.value.split(/\s+/));
    return { studies: [...new Set<string>(uids)] };
  }
  return { expected: valid(one.field, newCaseSchema.shape.expected, { [one.field]: one.value })! };
}
type Expected = z.infer<typeof newCaseSchema>['expected'];
