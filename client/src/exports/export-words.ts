/** The words of exports. */
import { none } from '../kit/none.ts';
import {
  ANONYMOUS_GROUP,
  type ExportFormat,
  type ExportState,
  type ExportTrouble,
  type Redaction,
} from '#shared/protocol/exports.ts';

const cases = (count: number): string => (count === 1 ? '1 case' : `${count.toLocaleString('en')} cases`);
const isTable = (format: ExportFormat): boolean => format === 'csv' || format === 'jsonl';
const rows = (count: number): string => (count === 1 ? '1 row' : `${count.toLocaleString('en')} rows`);

export const exportWords = {
  intro: 'Export data of many cases as one file. You must state a purpose. Each file is kept for 24 hours.',
  loading: 'Loading the exports…',
  empty: none('No exports yet'),
  how: 'To create one, open the list of cases, set the filters and press Export.',
  toCases: 'Go to cases',
  open: 'Export',
  ask: {
    title: 'Export the cases of this list',
    titleOf: (count: number) => (count === 1 ? 'Export this case' : `Export ${cases(count)}`),
    what: 'The file contains all cases that match the filters of the list.',
    template: 'Content of the file',
    loading: 'Loading the templates…',
    none: none('No template is available to you. An administrator can create one.'),
    noImages:
      'None of these has the original (DICOM) images. Only radiologists and administrators can export them.',
    fields: 'Fields',
    purpose: 'Purpose',
    purposeHint: 'Administrators can see it with your name.',
    purposeMissing: 'Enter the purpose of the file.',
    tooFew: `An anonymous file contains only groups of ${ANONYMOUS_GROUP} people or more.`,
    tooFewWhat: `This file would be empty. Choose at least ${ANONYMOUS_GROUP} cases of ${ANONYMOUS_GROUP} different patients.`,
    submit: 'Create file',
    submitting: 'Requesting…',
  },
  redactions: {
    full: 'With identities',
    limited: 'Pseudonyms only',
    anonymous: 'Anonymous',
  } satisfies Record<Redaction, string>,
  tells: {
    full: 'The file names patients. Protect it as you protect their images.',
    limited: 'The file contains pseudonyms instead of names, and no text typed by people.',
    anonymous:
      'Ages, dates and places are grouped so that each group has at least five cases. Cases that do not fit a group are left out. The finished file is searched for every name.',
  } satisfies Record<Redaction, string>,
  tellsAnonymous: [
    'Scores, findings and comments are not grouped: each row shows those of its own case. Names are removed from comments.',
    '“any” means that the cases in a group differ. “unknown” means that no value was recorded.',
  ],
  tellsFormat: {
    pdf: 'A report for reading and printing, with at most 1,000 cases. It contains the findings as text and images with the readers’ marks. An anonymous report has no images.',
    dicom:
      'The images of at most 1,000 cases as DICOM, with names removed by the policy, and a table of the cases. Images that may show a name are left out.',
  } as Partial<Record<ExportFormat, string>>,
  about: (redaction: string, format: string) => `${redaction} · ${format}`,
  formats: { csv: 'CSV', jsonl: 'JSON Lines', pdf: 'PDF', dicom: 'ZIP' } satisfies Record<
    ExportFormat,
    string
  >,
  columns: {
    title: 'Export',
    state: 'State',
    content: 'Content',
    size: 'Size',
    purpose: 'Purpose',
    by: 'By',
    created: 'Created',
    actions: 'Actions',
  },
  states: {
    queued: 'Waiting in line',
    running: 'Being created',
    ready: 'Ready',
    failed: 'Not created',
    cancelled: 'Cancelled. There is no file.',
    expired: 'Expired. The file was erased.',
  } satisfies Record<ExportState, string>,
  progress: (done: number, total: number) => `${done.toLocaleString('en')} of ${cases(total)}`,
  size: (count: number, bytes: string, format: ExportFormat) =>
    `${isTable(format) ? rows(count) : cases(count)} · ${bytes}`,
  keptUntil: (until: string) => `Kept until ${until}.`,
  alone: (count: number) =>
    count === 1
      ? '1 case is left out, because it does not fit a group.'
      : `${cases(count)} are left out, because they do not fit a group.`,
  leftOut: (what: readonly string[]) => `Left out: ${what.join(' ')}`,
  sha256: 'SHA-256',
  /** Why an export waits. It continues once the trouble is over. */
  waits: {
    'pacs-unreachable': 'The PACS is not responding. The export continues when it responds.',
    'storage-full': 'The gateway’s disk is full. The export continues when there is space.',
  } as Partial<Record<ExportTrouble, string>>,
  failed: {
    'pacs-unreachable': 'The PACS did not respond for a day. Export again when it responds.',
    'storage-full':
      'The gateway’s disk was full for a day. Export again when an administrator has freed space.',
    'not-allowed':
      'You no longer have permission to create this file. An administrator can change your role.',
    'identity-found': 'The file would have identified a patient, so it was destroyed.',
    'too-large': 'The file would contain more than 19,000 images. Export fewer cases at a time.',
    'case-deleted':
      'A case in the file was deleted, so the file was deleted too. Export again without that case.',
    unexpected:
      'The gateway could not create the file. Export again. If it fails again, an administrator must correct this.',
  } satisfies Record<ExportTrouble, string>,
  found: (field: string, row: number, format: ExportFormat) =>
    isTable(format)
      ? `The name was in row ${row.toLocaleString('en')}, column ${field}. Correct that case or leave out the column.`
      : `The name was in case ${row.toLocaleString('en')} of the file, field ${field}. Correct that case or leave out the field.`,
  save: 'Save the file',
  saving: 'Saving…',
  /** Asked before a file with identities is saved while names are hidden. */
  namesHidden: {
    title: 'Save the file even though names are hidden?',
    what: 'The file names patients. “Hide names and titles” does not apply to the file.',
    yes: 'Save anyway',
  },
  cancel: 'Cancel',
  cancelOf: (title: string) => `Cancel: ${title}`,
  erase: 'Erase the file',
  eraseAsk: {
    title: 'Erase this file?',
    what: 'The cases are not changed. You can create the file again.',
    yes: 'Erase the file',
  },
};
