/** The words of a report of cases. None of them identifies anybody, so a search for names ignores them. */
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import type { ExportField, Redaction } from '#shared/protocol/exports.ts';
import type { AnnotationKind } from '#shared/protocol/annotations.ts';
import type { Role } from '#shared/protocol/api.ts';
import type { NotShown } from '#shared/protocol/cases.ts';
import { JUDGED } from '../export-cells.ts';

const counted = (count: number, one: string, many: string): string =>
  count === 1 ? `1 ${one}` : `${count.toLocaleString('en')} ${many}`;

export const FIELD_WORDS: Readonly<Record<ExportField, string>> = {
  caseId: 'Case ID',
  caseNumber: 'Case',
  title: 'Title',
  tags: 'Tags',
  status: 'Status',
  priority: 'Priority',
  dueOn: 'Due on',
  assignee: 'Assigned to',
  openedBy: 'Created by',
  openedAt: 'Created',
  changedAt: 'Last changed',
  closedAt: 'Closed',
  notes: 'Notes',
  attachments: 'Attachments',
  site: 'Site',
  pseudonym: 'Pseudonym',
  patientName: 'Patient',
  patientId: 'Patient ID',
  birthDate: 'Born',
  ageBand: 'Age',
  sex: 'Sex',
  studies: 'Study Instance UID',
  studyCount: 'Studies',
  accessionNumbers: 'Accession number',
  studyDates: 'Study date',
  month: 'Study month',
  descriptions: 'Study description',
  modalities: 'Modality',
  bodyParts: 'Body part',
  finding: 'Model findings',
  models: 'Model',
  modelVersions: 'Version',
  scores: 'Score',
  positives: 'Abnormality found',
  resultTimes: 'Result time',
  verdicts: 'Verdict',
  correctedFindings: 'Corrected finding',
  reviewTypes: 'Review',
  decisions: 'Decision',
  answers: 'Answers',
  reasons: 'Reason',
  readers: 'Read by',
  readerRoles: 'Reader role',
  settledAt: 'Review completed',
};

/** Words for the codes of closed lists. Other values are printed unchanged. */
export const VALUE_WORDS: { readonly [field in ExportField]?: Readonly<Record<string, string>> } = {
  status: { open: 'open', 'on-hold': 'on hold', closed: 'closed' },
  sex: { F: 'female', M: 'male', O: 'other' },
  finding: {
    positive: 'A model found an abnormality',
    negative: 'Models found no abnormality',
    silent: 'Models do not say whether there is an abnormality',
    hidden: 'Hidden until the reading is signed',
    'not-examined': 'Not examined by a model',
  },
  verdicts: { agree: 'a radiologist agreed', correct: 'a radiologist disagreed and corrected it' },
  decisions: {
    accept: '“Accept what was found”, chosen',
    [JUDGED]: '“Assessable”, chosen',
    correct: 'corrected',
    reject: 'not assessable',
  },
  readerRoles: { reader: 'a reader', adjudicator: 'the adjudicator' },
};

const KINDS: Readonly<Record<AnnotationKind, string>> = {
  point: 'point',
  arrow: 'arrow',
  box: 'box',
  ellipse: 'ellipse',
  line: 'line',
  length: 'length',
  text: 'text',
};

export const reportWords = {
  product: 'RelayPACS',
  disclaimer: 'Not for diagnosis. The images are reduced; the originals are in the PACS.',
  page: (page: number) => `Page ${page}`,
  redactions: {
    full: 'This report names patients. Protect it as you protect their images. Letters that cannot be printed are shown as ?.',
    limited:
      'This report uses pseudonyms instead of names and contains no text typed by people. Images are left out if their header does not rule out a name in the picture.',
    anonymous:
      'Ages, dates and places are grouped so that each group has at least five people. Cases that do not fit a group are left out. ' +
      'Images are left out too, because they may show a name or identify a person.',
  } satisfies Record<Redaction, string>,
  notShown: ({ cases, isMore }: Partial<NotShown>): string | null => {
    if (cases === 0) return null;
    const many = `${counted(cases ?? 0, 'case', 'cases')}${isMore ? ' or more' : ''}`;
    const count = typeof cases === 'number' ? many : 'A few cases';
    return `${count} of this site are hidden from the person who created this report, and not included. Their studies contain names.`;
  },
  models: 'Findings of models are not a diagnosis.',
  made: (when: string) => `Created ${when}`,
  by: (role: string, name: string | null) => (name === null ? `by ${role}` : `by ${name} (${role})`),
  roles: {
    admin: 'an administrator',
    radiologist: 'a radiologist',
    researcher: 'a researcher',
    technician: 'a technician',
    auditor: 'an auditor',
  } satisfies Record<Role, string>,
  purpose: 'Purpose',
  case: (number: string) => `Case ${number}`,
  caseOf: (nth: number) => `Case ${nth} of this report`,
  result: 'Model result',
  review: (nth: number | null) => (nth === null ? 'Review' : `Review ${nth}`),
  differed: 'The readers differed. The adjudicator’s answers are final.',
  agrees: (reader: string, answers: string) => `Agrees, ${reader}: ${answers}`,
  differs: (reader: string, answers: string) => `Differs, ${reader}: ${answers}`,
  /** Marks an answer that differs from the one that stands. */
  otherAnswer: (answer: string) => `${answer} (differs)`,
  readerOf: (reader: string, review: string) => `${reader} of ${review}`,
  reader: (place: number) => (place === ADJUDICATOR ? 'the adjudicator' : `reader ${place}`),
  positive: {
    true: 'abnormality found',
    false: 'no abnormality found',
    undefined: 'does not say whether there is an abnormality',
  },
  score: (score: string) => `score ${score} (from 0 to 1)`,
  years: (band: string) => `${band} years`,
  image: (nth: number) => `Image ${nth}`,
  imageOfCase: 'Image of the case',
  inFrame: (image: string, frame: number) => `${image}, frame ${frame}`,
  /** The names of a mark, with the number of its review. A mark that was taken over has one name per reader. */
  mark: (names: string, review: number | null) => (review === null ? names : `${names} of review ${review}`),
  kinds: KINDS,
  length: (mm: string, isAtDetector: boolean) => `${mm} mm${isAtDetector ? ' at the detector' : ''}`,
  pixels: (pixels: string) => `${pixels} pixels`,
  withheld: 'This image is left out, because its header does not rule out a name in the picture.',
  missing: 'The PACS no longer has this image.',
  tooLarge: 'This image is too large to be printed. It is in the PACS.',
  unreadable: 'This image cannot be shown here. It is in the PACS.',
  more: (count: number) => `${counted(count, 'further image is', 'further images are')} in the PACS.`,
  end: (cases: number, pages: number) =>
    `End of the report: ${counted(cases, 'case', 'cases')} on ${counted(pages, 'page', 'pages')}.`,
};

/** All text that a report itself contributes. */
export const REPORT_TEXTS: readonly string[] = textsIn([FIELD_WORDS, VALUE_WORDS, reportWords]);

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  // A sentence with gaps is called with a count in each, in the singular and the plural.
  if (typeof value === 'function')
    return [1, 2].flatMap((count) => textsIn((value as (...gaps: unknown[]) => string)(count, count)));
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
