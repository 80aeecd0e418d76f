/**
 * Table E.1-1 of PS3.15 as data: what the row of each attribute says under the Basic Profile and under every option.
 * Also our own second table, for attributes that name somebody or something although Table E.1-1 has no row for them.
 * This module decides nothing; `rules.ts` does. Both tables are generated (`profile.generated.ts`,
 * `naming.generated.ts`).
 */
import { NAMING_TABLE } from './naming.generated.ts';
import { PROFILE_TABLE } from './profile.generated.ts';

/** The options of PS3.15 E.3 in kebab-case, with their letter in our table and their code from PS3.16 CID 7050. */
export const OPTIONS = {
  'clean-pixel-data': { code: '113101', meaning: 'Clean Pixel Data Option', letter: null },
  'clean-recognizable-visual-features': {
    code: '113102',
    meaning: 'Clean Recognizable Visual Features Option',
    letter: null,
  },
  'clean-graphics': { code: '113103', meaning: 'Clean Graphics Option', letter: 'g' },
  'clean-structured-content': { code: '113104', meaning: 'Clean Structured Content Option', letter: 's' },
  'clean-descriptors': { code: '113105', meaning: 'Clean Descriptors Option', letter: 't' },
  'retain-longitudinal-full-dates': {
    code: '113106',
    meaning: 'Retain Longitudinal Temporal Information Full Dates Option',
    letter: 'f',
  },
  'retain-longitudinal-modified-dates': {
    code: '113107',
    meaning: 'Retain Longitudinal Temporal Information Modified Dates Option',
    letter: 'm',
  },
  'retain-patient-characteristics': {
    code: '113108',
    meaning: 'Retain Patient Characteristics Option',
    letter: 'p',
  },
  'retain-device-identity': { code: '113109', meaning: 'Retain Device Identity Option', letter: 'd' },
  'retain-uids': { code: '113110', meaning: 'Retain UIDs', letter: 'u' },
  'retain-safe-private': { code: '113111', meaning: 'Retain Safe Private Option', letter: 'v' },
  'retain-institution-identity': {
    code: '113112',
    meaning: 'Retain Institution Identity Option',
    letter: 'i',
  },
} as const;
export type OptionName = keyof typeof OPTIONS;

/** The code of the profile itself (PS3.16 CID 7050). */
export const BASIC_PROFILE = {
  code: '113100',
  meaning: 'Basic Application Confidentiality Profile',
} as const;

/** The actions among which a row lets us choose under the Basic Profile, without the slashes between them. */
type BasicChoice = 'X' | 'Z' | 'D' | 'U' | 'XZ' | 'XD' | 'ZD' | 'XZD' | 'XZU*';

export interface ProfileRow {
  readonly basic: BasicChoice;
  /** Letters of `OPTIONS`: lower case means K (keep), upper case C (clean). */
  readonly options: string;
  /** True: Table E.1-1 has this row. False: only our second table does. */
  readonly isListed: boolean;
}

/**
 * The rows by tag. The four rows that name no single tag (private attributes, curves, overlay data and comments) are
 * left out; `rules.ts` has rules for whole groups.
 */
export function profileRows(): Map<number, ProfileRow> {
  return rowsOf(PROFILE_TABLE, true);
}

/**
 * The rows by which we decide, from Table E.1-1 and our second table. Where both have a row, the action is ours (it
 * keeps a valid object valid, or picks one of the table's actions) and the options are the table's.
 */
export function decidingRows(): ReadonlyMap<number, ProfileRow> {
  const rows = profileRows();
  for (const [tag, row] of rowsOf(NAMING_TABLE, false)) {
    const listed = rows.get(tag);
    rows.set(tag, listed ? { ...listed, basic: row.basic } : row);
  }
  return rows;
}

function rowsOf(table: string, isListed: boolean): Map<number, ProfileRow> {
  const rows = new Map<number, ProfileRow>();
  for (const word of table.trim().split(/\s+/)) {
    const tag = word.slice(0, 8);
    if (!/^[0-9a-f]{8}$/.test(tag)) continue;
    const [basic = '', options = ''] = word.slice(8).split(':');
    rows.set(Number.parseInt(tag, 16), { basic: basic as BasicChoice, options, isListed });
  }
  return rows;
}
