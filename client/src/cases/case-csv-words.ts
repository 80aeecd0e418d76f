/** The words for importing and exporting cases as CSV. */
import type { CaseCsvFault, CaseCsvField } from '#shared/protocol/case-csv.ts';

const cases = (count: number): string => (count === 1 ? '1 case' : `${count} cases`);

export const csvWords = {
  save: 'Save as CSV',
  saveAsk: {
    title: 'Save this list as CSV?',
    what: 'The file contains titles and tags as readable text. Protect it like patient data, or hide names and titles first.',
    yes: 'Save the file',
  },
  saving: 'Saving the list…',
  fileName: 'cases.csv',
  open: 'Import a file',
  title: 'Import cases from a CSV file',
  how: 'Rows with a case ID change that case. Rows without a case ID create a new case.',
  file: 'CSV file (UTF-8)',
  checking: 'Checking the file…',
  taking: 'Importing…',
  columns: 'Columns of the file',
  column: (header: string, place: number) => header || `Column ${place}`,
  example: (value: string) => `For example: ${value}`,
  leftOut: 'Not imported',
  fields: {
    id: 'Case ID',
    version: 'Version',
    title: 'Title',
    status: 'Status',
    priority: 'Priority',
    tags: 'Tags',
    dueOn: 'Due',
    assignee: 'Assigned to',
    studies: 'Study Instance UIDs',
    accessionNumber: 'Accession number',
    patientId: 'Patient ID',
  } satisfies Record<CaseCsvField, string>,
  would: ({ opened, changed, unchanged }: Counts) =>
    `This will create ${cases(opened)}, change ${cases(changed)} and leave ${cases(unchanged)} unchanged.`,
  nothing: 'This file would not change anything.',
  take: (count: number) => (count === 1 ? 'Import 1 row' : `Import ${count} rows`),
  /** Shown while a row is wrong. */
  takeNone: 'Import',
  done: 'The file was imported',
  did: ({ opened, changed }: Counts) => `Created ${cases(opened)}, changed ${cases(changed)}.`,
  close: 'Close',
  wrong: (count: number) =>
    count === 1
      ? 'Nothing was imported: 1 row is not valid'
      : `Nothing was imported: ${count} rows are not valid`,
  correct: 'Correct the file, then choose it again.',
  wrongRow: (row: number, what: string) => `Row ${row}: ${what}`,
  /** Follows the `invalid` fault. */
  written: {
    dueOn: 'Use the format 2027-12-31.',
    status: 'Use open or on-hold.',
    priority: 'Use urgent, high, routine or low.',
    title: 'Use at most 200 characters on one line.',
  } satisfies Partial<Record<CaseCsvField, string>>,
  repeated: (count: number) =>
    count === 1 ? '1 row repeats an earlier one' : `${count} rows repeat earlier ones`,
  repeatedWhat:
    'Each row creates its own case. If you want only one case, delete the repeated rows and choose the file again.',
  repeatedRow: (row: number, of: number) => `Row ${row} is the same as row ${of}.`,
  more: (count: number) => `And ${count} more.`,
  faults: {
    missing: (field: string) => `${field} is empty.`,
    invalid: (field: string) => `${field} can’t be read.`,
    nobody: () => 'No account with this user name can work on cases.',
    unchangeable: (field: string) => `${field} of a case can’t be changed by a file.`,
    'one-number': () => 'A new case needs exactly one of study, accession number or Patient ID.',
    'unknown-study': () => 'A study is not in the PACS, or did not come through this gateway.',
    'several-patients': () => 'The PACS does not confirm that these studies belong to one patient.',
    'unknown-case': () => 'There is no case with this ID.',
    twice: () => 'The case appears twice in the file.',
    outdated: () => 'The case was changed after it was exported.',
    closed: () => 'The case is closed. Reopen it first.',
    blinded: () =>
      'Radiologists are reading this case. Its title, tags, priority and due date can’t be changed until they have signed.',
    unreadable: () => 'The case can no longer be read or changed.',
    'not-utf8': () => 'It contains characters that are not UTF-8. Save the file as “CSV UTF-8”.',
    quotes: () => 'Its quotation marks don’t match. Reading stopped here.',
    'too-long': () => 'It is too long. Reading stopped here.',
    cells: () => 'It has more or fewer cells than the header.',
    'too-many-rows': () => 'A file can have at most 50,000 rows. Split the file.',
    'too-many-columns': () => 'A file can have at most 64 columns.',
    'no-columns': () => 'Choose which column contains the title or the case ID.',
  } satisfies Record<CaseCsvFault, (field: string) => string>,
  aField: 'A value',
};

type Counts = { readonly opened: number; readonly changed: number; readonly unchanged: number };
