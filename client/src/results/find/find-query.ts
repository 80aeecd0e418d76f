/** A search for studies: what a person fills in, and the resulting QIDO-RS query (PS3.18 §10.6.1). */

export const FIND_PERIODS = ['any', 'today', 'week', 'day'] as const;
export type FindPeriod = (typeof FIND_PERIODS)[number];

/** Modalities that people search for (PS3.3 §C.7.3.1.1.1). */
export const MODALITIES = ['CR', 'CT', 'DX', 'MG', 'MR', 'NM', 'OT', 'PT', 'RF', 'US', 'XA'] as const;

export interface Criteria {
  readonly name: string;
  readonly patientID: string;
  readonly period: FindPeriod;
  /** YYYY-MM-DD, for the period `day`. */
  readonly day: string;
  /** Empty: any. */
  readonly modality: string;
}

export const NO_CRITERIA: Criteria = { name: '', patientID: '', period: 'any', day: '', modality: '' };

/** Study Description, which PACSs return only on request. */
const INCLUDED = '00081030';

/** The query without paging. `today`: the current date on this device. */
export function queryOf({ name, patientID, period, day, modality }: Criteria, today: Date): URLSearchParams {
  const query = new URLSearchParams();
  const words = matching(name.replaceAll(/[\s,^=]+/g, '*'));
  const ids = matching(patientID.trim());
  const days = daysOf(period, day, today);
  if (words !== null) query.set('PatientName', words);
  if (ids !== null) query.set('PatientID', ids);
  if (days !== null) query.set('StudyDate', days);
  if (modality !== '') query.set('ModalitiesInStudy', modality);
  query.set('includefield', INCLUDED);
  return query;
}

/**
 * Wild Card Matching (PS3.4 §C.2.2.2.4) anywhere in the value. A backslash would start another value, so it is
 * replaced.
 */
function matching(typed: string): string | null {
  const value = `*${typed.replaceAll(/[\p{Cc}\\]+/gu, '*')}*`.replaceAll(/\*+/g, '*');
  return value === '*' ? null : value;
}

/** Range Matching (PS3.4 §C.2.2.2.5). */
function daysOf(period: FindPeriod, day: string, today: Date): string | null {
  switch (period) {
    case 'any':
      return null;
    case 'today':
      return dicomDate(today);
    case 'week': {
      const first = new Date(today);
      first.setDate(first.getDate() - 6);
      return `${dicomDate(first)}-${dicomDate(today)}`;
    }
    case 'day':
      return /^\d{4}-\d{2}-\d{2}$/.test(day) ? day.replaceAll('-', '') : null;
    default:
      return period satisfies never;
  }
}

function dicomDate(day: Date): string {
  const digits = (part: number, count: number) => String(part).padStart(count, '0');
  return digits(day.getFullYear(), 4) + digits(day.getMonth() + 1, 2) + digits(day.getDate(), 2);
}
