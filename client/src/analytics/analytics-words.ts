/** The words of the dashboard. */
import { none } from '../kit/none.ts';
import type { Sex } from '#shared/protocol/analytics.ts';
import { counted } from '../kit/counted.ts';
import { formatCount } from '../kit/format.ts';
import type { Days, Place } from './analytics-filters.ts';

const fixed = (value: number, digits: number): string =>
  new Intl.NumberFormat(undefined, { maximumFractionDigits: digits }).format(value);

/** A duration for people: 900 → "0.9 s", 90 000 → "1.5 min", 7 200 000 → "2 h". */
function took(ms: number): string {
  const units = [
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1000, 's'],
  ] as const;
  const [size, unit] = units.find(([least]) => ms >= least) ?? ([1000, 's'] as const);
  return `${fixed(ms / size, ms / size < 10 ? 1 : 0)} ${unit}`;
}

export const analyticsWords = {
  loading: 'Counting…',
  notForYou: 'Your role has no figures here.',
  places: { uploads: 'Uploads', models: 'Models', reviews: 'Reviews' } satisfies Record<Place, string>,
  placesLabel: 'Figures of',
  filters: 'Period and patients',
  period: 'Period',
  days: {
    '7': '7 days',
    '30': '30 days',
    '90': '90 days',
    '365': '365 days',
  } satisfies Record<Days, string>,
  sex: 'Sex',
  sexes: { F: 'Women', M: 'Men', O: 'Other' } satisfies Record<Sex, string>,
  ageBand: 'Age',
  modality: 'Modality',
  any: 'All',
  unknown: 'Not known',
  range: (from: string, to: string) => `${from} to ${to}, UTC`,
  table: 'Show as table',
  day: 'Day',
  month: 'Month',
  none: none('Nothing was counted in this period.'),
  noneNext: 'Choose a longer period, or all patients.',
  noValue: '–',
  took,
  hours: (hours: number) => took(hours * 3_600_000),
  percent: (share: number) => `${fixed(share * 100, 1)} %`,
  score: (score: number) => fixed(score, 2),
  interval: ({ low, high }: { readonly low: number; readonly high: number }) =>
    `95 % interval ${fixed(low * 100, 0)} to ${fixed(high * 100, 0)} %`,
  count: (count: number | null) => (count === null ? 'withheld' : formatCount(count)),
  half: 'Median',
  most: '95th percentile',
  uploads: {
    studies: 'Studies',
    uploads: (count: number) => counted(count, 'upload', 'uploads'),
    instances: 'Instances',
    bytes: 'Data',
    toPacs: 'Time to the PACS',
    retries: 'Retries',
    retriesWhat: 'times a study waited for the PACS',
    counts:
      'Only what has arrived at the gateway is counted. Studies that are still being sent, or were cancelled before anything arrived, are not.',
    byDay: 'Studies a day',
    toPacsByDay: 'Time to the PACS',
    byHour: 'Uploads by the hour of the day (UTC)',
    hour: 'Hour',
    hourOf: (hour: number) => `${String(hour).padStart(2, '0')}:00`,
    accounts: 'By account',
    devices: 'By device',
    modalities: 'By modality',
    refusals: 'Not taken by the PACS',
    noRefusals: 'The PACS took everything.',
    account: 'Account',
    device: 'Device',
    signedIn: 'Signed in, no device',
    modality: 'Modality',
    otherModality: 'Other',
    reason: 'Reason',
    outcome: 'Outcome',
    states: { refused: 'Refused', quarantined: 'Held for a decision' },
    noReason: 'No reason given',
  },
  noisy: {
    what: 'Exact counts are not for your role. You can have them with noise: right on the whole, and nobody can be recognised in them.',
    /** Uploads and reviews have a budget each. */
    about: { uploads: 'about uploads', reviews: 'about reviews' },
    costs: (queries: number, about: string) =>
      `Each answer ${about} uses one of the ${formatCount(queries)} that your role has in a month (UTC), all its people together. The same question again costs nothing.`,
    ask: 'Ask for counts with noise',
    noise: (scale: number) =>
      `Counts of studies with noise: half of them are off by less than ${formatCount(Math.round(scale * 0.7))}. A count may be below zero.`,
    counted: (when: string) => `Last counted: ${when}.`,
    spent: (about: string) =>
      `Your role has no answers ${about} left this month (UTC). Questions that it has asked this month are still answered.`,
    left: (queries: number, about: string) =>
      `Your role has ${counted(queries, 'answer', 'answers')} ${about} left this month (UTC).`,
    roughly: (count: number) => `≈ ${formatCount(count)}`,
    reviews: 'Studies by type of review',
    type: 'Type of review',
  },
  models: {
    version: (version: string) => `version ${version}`,
    results: 'Results',
    studies: 'Studies',
    accepted: 'Accepted',
    acceptedOf: (agreed: number, judged: number) =>
      `${formatCount(agreed)} of ${counted(judged, 'verdict', 'verdicts')}`,
    noVerdicts: 'no verdict yet',
    disagreements: 'Device disagreed',
    images: 'Images examined',
    imagesWhat: (cached: number, failed: number) =>
      `${formatCount(cached)} from cache, ${formatCount(failed)} failed`,
    duration: 'Time an image',
    durationWhat: (p95: string, p99: string) => `median; 95th percentile ${p95}, 99th ${p99}`,
    unused: 'No result in this period.',
    small: 'Withheld: fewer than 5 studies in some group.',
    partial: 'Months with fewer than 5 studies in some group are left out.',
    guarded:
      'For your role only whole months that are over count: this month’s results appear once it is over. Groups of fewer than 5 studies are left out, so that nobody can be recognised.',
    series: 'Results over time',
    calibration: 'Is the score right?',
    calibrationWhat:
      'The mean score against the share that radiologists found positive. On the line, a score of 0.8 is right in 80 % of cases.',
    score: 'Mean score',
    confirmed: 'Found positive',
    perfect: 'A perfect score',
    least: 'At least (95 %)',
    most: 'At most (95 %)',
    calibrationOf: (verdicts: number) =>
      `Of ${formatCount(verdicts)} verdicts; the band is the 95 % interval.`,
    noCalibration: 'No score has a verdict yet.',
    calibrationWithheld:
      'Whether the score is right is withheld: some ranges of the score have fewer than 5 verdicts.',
    tooFewVerdicts: (verdicts: number, floor: number) =>
      `Whether the score is right cannot be said yet. Too few verdicts: ${formatCount(verdicts)} of ${formatCount(floor)}.`,
    fewer: 'fewer than 5',
  },
  reviews: {
    settled: 'Settled',
    open: 'Open now',
    turnaround: 'From opening to settled',
    byDay: 'Reviews settled a day',
    workload: 'Workload by reader',
    ownWorkload: 'Your workload',
    reader: 'Reader',
    waiting: 'Waiting now',
    signed: 'Signed',
    fromAssigned: 'From assignment: median',
    agreement: 'How far readers agree',
    ownAgreement: 'How far others agree with you',
    noAgreement: 'No reading has been signed yet.',
    tooFewReadings: (title: string, readings: number, floor: number) =>
      `${title}: too few readings, ${formatCount(readings)} of ${formatCount(floor)}.`,
    question: 'Question',
    with: 'With',
    readers: 'each other (Cohen)',
    severalReaders: 'several readers (Fleiss)',
    kappa: 'Kappa',
    interval: '95 % interval',
    between: (low: string, high: string) => `${low} to ${high}`,
    none: 'No review was settled in this period, and none is open.',
  },
  shown: {
    studies: (count: number) => `Show ${counted(count, 'study', 'studies')}`,
    results: (count: number) => `Show ${counted(count, 'result', 'results')}`,
    reviews: (count: number) => `Show ${counted(count, 'review', 'reviews')}`,
    accepted: (count: number) => `Show ${formatCount(count)} accepted`,
    corrected: (count: number) => `Show ${formatCount(count)} corrected`,
    title: {
      studies: 'Studies that were counted',
      results: 'Results that were counted',
      reviews: 'Reviews that were counted',
    },
    study: (modalities: readonly string[]) => [modalities.join('/'), 'study'].join(' ').trim(),
    review: (title: string, number: number) => `${title}, case ${number}`,
    more: 'More',
    close: 'Close',
    loading: 'Loading…',
    sentBy: (when: string, name: string) => `${when}, ${name}`,
  },
  evaluation: {
    save: 'Save predictions (CSV)',
    saving: 'Saving…',
    file: (from: string, to: string) => `evaluation-${from}-${to}.csv`,
  },
};
