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
  intro: 'Data of many cases as one file, for a purpose that you state. Each file is kept for 24 hours.',
  loading: 'Loading the exports…',
  empty: none('No exports yet'),
  how: 'Open the list of cases, choose its filters, and press Export.',
  toCases: 'Open the cases',
  open: 'Export',
  ask: {
    title: 'Export the cases of this list',
    titleOf: (count: number) => (count === 1 ? 'Export this case' : `Export ${cases(count)}`),
    what: 'The file has every case that the filters of the list show.',
    template: 'What the file has',
    loading: 'Loading the templates…',
    none: none('There is no template for you. An administrator can make one.'),
    noImages: 'None of these has the images themselves. Radiologists and administrators can export them.',
    fields: 'Fields',
    purpose: 'What it is for',
    purposeHint: 'Administrators see it beside your name.',
    purposeMissing: 'Say what the file is for.',
    tooFew: `An anonymous file tells only of groups of ${ANONYMOUS_GROUP} people or more.`,
    tooFewWhat: `It would be empty. Choose ${ANONYMOUS_GROUP} cases or more, of that many patients.`,
    submit: 'Make the file',
    submitting: 'Asking for it…',
  },
  redactions: {
    full: 'With identities',
    limited: 'Pseudonyms only',
    anonymous: 'Anonymous',
  } satisfies Record<Redaction, string>,
  tells: {
    full: 'The file names patients. Keep it as safe as their images.',
    limited: 'The file has pseudonyms in place of names, and nothing that anybody typed.',
    anonymous:
      'Ages, dates and places are told in groups of five cases or more. Cases that would stand alone are left out, and the finished file is searched for every name.',
  } satisfies Record<Redaction, string>,
  tellsAnonymous: [
    'Scores, findings and comments are not grouped: each row keeps those of its own case. Names are taken out of comments.',
    '“any” means that the cases of a group differ, and “unknown” that nobody recorded a value.',
  ],
  tellsFormat: {
    pdf: 'Pages to read and to print, of at most 1,000 cases: what was found in words, and images with the marks of their readers. An anonymous report has no images.',
    dicom:
      'The images of at most 1,000 cases as DICOM, without names as the policy says, and a table of the cases. An image that may show a name is left out.',
  } as Partial<Record<ExportFormat, string>>,
  about: (redaction: string, format: string) => `${redaction} · ${format}`,
  formats: { csv: 'CSV', jsonl: 'JSON Lines', pdf: 'PDF', dicom: 'ZIP' } satisfies Record<
    ExportFormat,
    string
  >,
  by: (username: string, when: string) => `${username}, ${when}`,
  purpose: (purpose: string) => `For: ${purpose}`,
  states: {
    queued: 'Waits for its turn',
    running: 'Being made',
    ready: 'Ready',
    failed: 'Not made',
    cancelled: 'Cancelled. There is no file.',
    expired: 'Its time is over. The file was erased.',
  } satisfies Record<ExportState, string>,
  progress: (done: number, total: number) => `${done.toLocaleString('en')} of ${cases(total)}`,
  ready: (count: number, bytes: string, until: string, format: ExportFormat) =>
    `${isTable(format) ? rows(count) : cases(count)} · ${bytes} · kept until ${until}`,
  alone: (count: number) =>
    count === 1
      ? '1 case is left out: it would stand alone.'
      : `${cases(count)} are left out: they would stand alone.`,
  leftOut: (what: readonly string[]) => `Left out: ${what.join(' ')}`,
  sha256: 'SHA-256',
  /** Why an export waits. It continues once the trouble is over. */
  waits: {
    'pacs-unreachable': 'The PACS does not answer. The export continues when it does.',
    'storage-full': 'The gateway’s disk is full. The export continues when there is room.',
  } as Partial<Record<ExportTrouble, string>>,
  failed: {
    'pacs-unreachable': 'The PACS did not answer for a day. Export again once it does.',
    'storage-full':
      'The gateway’s disk was full for a day. Export again once an administrator has made room.',
    'not-allowed': 'Your account may no longer make such a file. An administrator can change roles.',
    'identity-found': 'The file would have named a patient, so it was destroyed.',
    'too-large': 'The set would have more than 19,000 images. Export fewer cases at once.',
    'case-deleted': 'A case in it was deleted, and the file with it. Export again without that case.',
    unexpected:
      'The gateway could not make the file. Export again. If that fails too, an administrator must find out why.',
  } satisfies Record<ExportTrouble, string>,
  found: (field: string, row: number, format: ExportFormat) =>
    isTable(format)
      ? `The name was in row ${row.toLocaleString('en')}, column ${field}. Correct that case, or leave the column out.`
      : `The name was in case ${row.toLocaleString('en')} of the file, field ${field}. Correct that case, or leave the field out.`,
  save: 'Save the file',
  saving: 'Saving…',
  /** Asked before a file with identities is saved while names are hidden. */
  namesHidden: {
    title: 'Save the file although names are hidden?',
    what: 'The file names patients. “Hide names and titles” does not reach into it.',
    yes: 'Save anyway',
  },
  cancel: 'Cancel',
  cancelOf: (title: string) => `Cancel: ${title}`,
  erase: 'Erase the file',
  eraseAsk: {
    title: 'Erase this file?',
    what: 'The cases stay as they are. The file can be made again.',
    yes: 'Erase the file',
  },
};
