/** The words of the search in the PACS, on the page that runs a model. */
import { studies } from '../../kit/counted.ts';
import { formatCount } from '../../kit/format.ts';
import type { FindPeriod, MODALITIES } from './find-query.ts';

export const findWords = {
  title: 'Find in the PACS',
  what: 'Search by names, numbers and dates as stored in the PACS. A policy may have replaced them before sending.',
  own: 'Results include your own studies and others that your role may read.',
  name: 'Patient name',
  nameHint: 'Family name first',
  patientID: 'Patient ID',
  period: 'Study date',
  periods: {
    any: 'Any day',
    today: 'Today',
    week: 'Last 7 days',
    day: 'Specific date',
  } satisfies Record<FindPeriod, string>,
  day: 'Date',
  modality: 'Modality',
  anyModality: 'Any',
  modalities: {
    CR: 'CR, radiograph',
    CT: 'CT',
    DX: 'DX, radiograph',
    MG: 'MG, mammogram',
    MR: 'MR',
    NM: 'NM, scintigram',
    OT: 'OT, other',
    PT: 'PT, PET',
    RF: 'RF, fluoroscopy',
    US: 'US, ultrasound',
    XA: 'XA, angiogram',
  } satisfies Record<(typeof MODALITIES)[number], string>,
  find: 'Find',
  finding: 'Searching…',
  found: 'Studies found, newest first',
  count: (count: number) => `${studies(count)}, newest first`,
  some: (count: number) =>
    `${studies(count)} so far, newest first. The PACS has more: narrow the search, or show more.`,
  full: (count: number) => `Only ${formatCount(count)} studies are shown. Narrow the search to see others.`,
  cut: 'Only your newest studies were searched.',
  none: 'No study matches this search',
  noneWhat:
    'Fill in fewer fields, or try another spelling. A study that was just sent may take a minute to appear.',
  more: 'Show more',
  noName: 'No name',
  tooLarge: { title: 'There are too many results.', next: 'Narrow the search.' },
  nexts: {
    'pacs-without-dicomweb':
      'Choose “By UID” instead. To allow this search, an administrator must choose a primary destination that supports QIDO-RS.',
    'pacs-unreachable':
      'Try again in a moment. If the problem continues, an administrator must correct this.',
    'pacs-declined': 'Fill in fewer fields, or search for something else.',
    'bad-request': 'Fill in fewer fields, or search for something else.',
    'rate-limited': 'Wait a moment, then search again.',
  },
} as const;
