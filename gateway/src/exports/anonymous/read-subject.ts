/** Reads from a row who the patient is: the values that decide its group, and the identity that must not leave. */
import type { AnonymousField, ExportField } from '#shared/protocol/exports.ts';
import type { Cell, SourceRow } from '../source-row.ts';
import type { Identity } from './identity-texts.ts';
import type { Subject } from './quasi-identifiers.ts';

/** Fields that every anonymous export reads and that none contains. */
export const FIELDS_OF_SUBJECT: readonly ExportField[] = [
  ...(['caseId', 'pseudonym', 'patientName', 'patientId', 'birthDate', 'accessionNumbers'] as const),
  ...(['studies', 'studyDates', 'assignee', 'openedBy'] as const),
];

/** PS3.5 §6.2, DA. */
const DATE = /^(\d{4})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/;

export function textsIn(cell: Cell | undefined): string[] {
  if (cell === null || cell === undefined) return [];
  return typeof cell === 'object' ? cell.flatMap(textsIn) : [`${cell}`];
}

/** The subject of a row. Fields left out of the export are ignored. */
export function subjectOf(row: SourceRow, told: ReadonlySet<AnonymousField>): Subject {
  const texts = (field: AnonymousField): string[] => (told.has(field) ? textsIn(row.get(field)) : []);
  const one = (field: AnonymousField): string | null => texts(field)[0] ?? null;
  return {
    ageYears: told.has('ageBand') ? ageOf(row) : null,
    sex: one('sex'),
    modalities: texts('modalities'),
    bodyParts: texts('bodyParts'),
    month: one('month'),
    site: one('site'),
  };
}

/** Age in whole years at the first study. */
function ageOf(row: SourceRow): number | null {
  const [birth = ''] = textsIn(row.get('birthDate'));
  const first = textsIn(row.get('studyDates'))
    .filter((date) => DATE.test(date))
    .sort()[0];
  if (!DATE.test(birth) || first === undefined) return null;
  // Whole years between two dates, as digits: 20261123 - 19800224 = 460899.
  return Math.floor((Number(first) - Number(birth)) / 10_000);
}

/**
 * Identified by the Patient ID without its issuer. Counting two people as one is safer than counting one person, some
 * of whose images name no issuer, as two. Null: unknown, so the row counts as a person of its own.
 */
export const personOf = (row: SourceRow): string | null =>
  textsIn(row.get('patientId'))[0] ?? textsIn(row.get('pseudonym'))[0] ?? null;

export function identityOf(row: SourceRow): Identity {
  const texts = (...fields: ExportField[]): string[] => fields.flatMap((field) => textsIn(row.get(field)));
  const { names = [], numbers = [], birthDates = [] } = row.several ?? {};
  return {
    names: [...texts('patientName', 'assignee', 'openedBy'), ...names],
    numbers: [...texts('patientId', 'accessionNumbers', 'pseudonym'), ...numbers],
    birthDates: [...texts('birthDate'), ...birthDates],
    uids: texts('studies', 'caseId'),
  };
}
