/** The words for importing and exporting cases as CSV. */
import type { CaseCsvFault, CaseCsvField } from '#shared/protocol/case-csv.ts';

const cases = (count: number): string => (count === 1 ? '1 case' : `${count} cases`);

export const csvWords = {
  save: 'Save as CSV',
  saveAsk: {
    title: 'Save this list as CSV?',
    what: 'The file holds titles and tags in clear text. Keep it as safe as patient data, or hide names and titles first.',
    yes: 'Save the file',
  },
  saving: 'Saving the list…',
  fileName: 'cases.csv',
  open: 'Import a file',
  title: 'Import cases from a CSV file',
  how: 'Rows with the ID of a case change that case. Rows without one open a case.',
  file: 'CSV file (UTF-8)',
  checking: 'Checking the file…',
  taking: 'Importing…',
  columns: 'Columns of the file',
  column: (header: string, place: number) => header || `Column ${place}`,
  example: (value: string) => `For example: ${value}`,
  leftOut: 'Left out',
  fields: {
    id: 'ID of the case',
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
    `Opens ${cases(opened)}, changes ${cases(changed)}, leaves ${cases(unchanged)} as they are.`,
  nothing: 'The file changes nothing.',
  take: (count: number) => (count === 1 ? 'Import 1 row' : `Import ${count} rows`),
  /** Shown while a row is wrong. */
  takeNone: 'Import',
  done: 'The file is imported',
  did: ({ opened, changed }: Counts) => `Opened ${cases(opened)}, changed ${cases(changed)}.`,
  close: 'Close',
  wrong: (count: number) =>
    count === 1 ? '1 row can’t be imported, so none is' : `${count} rows can’t be imported, so none is`,
  correct: 'Correct the file, then choose it again.',
  wrongRow: (row: number, what: string) => `Row ${row}: ${what}`,
  /** Follows the `invalid` fault. */
  written: {
    dueOn: 'Write it as 2027-12-31.',
    status: 'It is open or on-hold.',
    priority: 'It is urgent, high, routine or low.',
    title: 'It has at most 200 characters on one line.',
  } satisfies Partial<Record<CaseCsvField, string>>,
  repeated: (count: number) =>
    count === 1 ? '1 row repeats an earlier one' : `${count} rows repeat earlier ones`,
  repeatedWhat:
    'Each opens a case of its own. If one case was meant, delete the repeated rows and choose the file again.',
  repeatedRow: (row: number, of: number) => `Row ${row} is the same as row ${of}.`,
  more: (count: number) => `And ${count} more.`,
  faults: {
    missing: (field: string) => `${field} is empty.`,
    invalid: (field: string) => `${field} can’t be read.`,
    nobody: () => 'Nobody with this user name works on cases.',
    unchangeable: (field: string) => `${field} of a case can’t be changed by a file.`,
    'one-number': () => 'A new case needs one of study, accession number and Patient ID.',
    'unknown-study': () => 'A study is not in the PACS, or did not come through this gateway.',
    'several-patients': () => 'The PACS does not say that these studies are of one patient.',
    'unknown-case': () => 'There is no case with this ID.',
    twice: () => 'The case stands in the file twice.',
    outdated: () => 'Somebody has changed the case since it was exported.',
    closed: () => 'The case is closed. Open it again first.',
    blinded: () =>
      'Radiologists are reading it: its title, tags, priority and due date stay until they have signed.',
    unreadable: () => 'The case can no longer be read or changed.',
    'not-utf8': () => 'It has characters that are not UTF-8. Save the file as “CSV UTF-8”.',
    quotes: () => 'Its quotation marks don’t match. The file was read no further.',
    'too-long': () => 'It is too long. The file was read no further.',
    cells: () => 'It has more or fewer cells than the header.',
    'too-many-rows': () => 'A file may have 50,000 rows. Split it.',
    'too-many-columns': () => 'A file may have 64 columns.',
    'no-columns': () => 'Say which column is the title, or the ID of the case.',
  } satisfies Record<CaseCsvFault, (field: string) => string>,
  aField: 'A value',
};

type Counts = { readonly opened: number; readonly changed: number; readonly unchanged: number };
