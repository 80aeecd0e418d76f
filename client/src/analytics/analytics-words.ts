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
  notForYou: 'Your role does not allow viewing these figures.',
  places: { uploads: 'Uploads', models: 'Models', reviews: 'Reviews' } satisfies Record<Place, string>,
  placesLabel: 'Topic',
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
  unknown: 'Unknown',
  range: (from: string, to: string) => `${from} to ${to}, UTC`,
  table: 'Show as table',
  day: 'Day',
  month: 'Month',
  none: none('There is no data for this period.'),
  noneNext: 'Choose a longer period or all patients.',
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
    retriesWhat: 'times a study had to wait for the PACS',
    counts:
      'These figures include only studies that have arrived at the gateway. Studies that are still being sent, or were cancelled before anything arrived, are not included.',
    byDay: 'Studies per day',
    toPacsByDay: 'Time to the PACS',
    byHour: 'Uploads by hour of the day (UTC)',
    hour: 'Hour',
    hourOf: (hour: number) => `${String(hour).padStart(2, '0')}:00`,
    accounts: 'By account',
    devices: 'By device',
    modalities: 'By modality',
    refusals: 'Not accepted by the PACS',
    noRefusals: 'The PACS accepted all images.',
    account: 'Account',
    device: 'Device',
    signedIn: 'Signed-in user, no device',
    modality: 'Modality',
    otherModality: 'Other',
    reason: 'Reason',
    outcome: 'Outcome',
    states: { refused: 'Refused', quarantined: 'Waiting for a decision' },
    noReason: 'No reason given',
  },
  noisy: {
    what: 'Your role does not allow viewing exact counts. You can request approximate counts, to which random noise is added so that nobody can be recognised.',
    /** Uploads and reviews have a budget each. */
    about: { uploads: 'about uploads', reviews: 'about reviews' },
    costs: (queries: number, about: string) =>
      `All people with your role share ${formatCount(queries)} requests ${about} per month (UTC). Repeating the same request is free.`,
    ask: 'Request approximate counts',
    noise: (scale: number) =>
      `Approximate counts of studies: half of them differ from the exact count by less than ${formatCount(Math.round(scale * 0.7))}. A count can be below zero.`,
    counted: (when: string) => `Last counted: ${when}.`,
    spent: (about: string) =>
      `Your role has used all its requests ${about} for this month (UTC). You can still repeat requests made this month.`,
    left: (queries: number, about: string) =>
      `This month (UTC), your role can still make ${counted(queries, 'request', 'requests')} ${about}.`,
    roughly: (count: number) => `≈ ${formatCount(count)}`,
    reviews: 'Studies by review type',
    type: 'Review type',
  },
  models: {
    version: (version: string) => `version ${version}`,
    results: 'Results',
    studies: 'Studies',
    accepted: 'Accepted',
    acceptedOf: (agreed: number, judged: number) =>
      `${formatCount(agreed)} of ${counted(judged, 'verdict', 'verdicts')}`,
    noVerdicts: 'no verdict yet',
    disagreements: 'Device and gateway disagreed',
    images: 'Images examined',
    imagesWhat: (cached: number, failed: number) =>
      `${formatCount(cached)} from cache, ${formatCount(failed)} failed`,
    duration: 'Time per image',
    durationWhat: (p95: string, p99: string) => `median; 95th percentile ${p95}, 99th ${p99}`,
    unused: 'No result in this period.',
    small: 'Not shown, because a group has fewer than 5 studies.',
    partial: 'Months in which a group has fewer than 5 studies are not shown.',
    guarded:
      'For your role, only completed months are included. This month’s results appear when the month is over. Groups of fewer than 5 studies are not shown, so that nobody can be recognised.',
    series: 'Results over time',
    calibration: 'Score calibration',
    calibrationWhat:
      'Mean score compared with the share that radiologists found positive. On the line, a score of 0.8 means that 80 % of cases are positive.',
    score: 'Mean score',
    confirmed: 'Found positive',
    perfect: 'Perfect calibration',
    least: 'Lower limit (95 %)',
    most: 'Upper limit (95 %)',
    calibrationOf: (verdicts: number) =>
      `Based on ${formatCount(verdicts)} verdicts. The band shows the 95 % interval.`,
    noCalibration: 'There are no verdicts on scores yet.',
    calibrationWithheld: 'Calibration is not shown, because some score ranges have fewer than 5 verdicts.',
    tooFewVerdicts: (verdicts: number, floor: number) =>
      `There are too few verdicts for calibration: ${formatCount(verdicts)} of ${formatCount(floor)}.`,
    fewer: 'fewer than 5',
  },
  reviews: {
    settled: 'Completed',
    open: 'Open now',
    turnaround: 'From request to completion',
    byDay: 'Reviews completed per day',
    workload: 'Workload by reader',
    ownWorkload: 'Your workload',
    reader: 'Reader',
    waiting: 'Waiting now',
    signed: 'Signed',
    fromAssigned: 'Median time from assignment',
    agreement: 'Agreement between readers',
    ownAgreement: 'Agreement of others with you',
    noAgreement: 'No reading has been signed yet.',
    tooFewReadings: (title: string, readings: number, floor: number) =>
      `${title}: too few readings, ${formatCount(readings)} of ${formatCount(floor)}.`,
    question: 'Question',
    with: 'With',
    readers: 'another reader (Cohen)',
    severalReaders: 'several readers (Fleiss)',
    kappa: 'Kappa',
    interval: '95 % interval',
    between: (low: string, high: string) => `${low} to ${high}`,
    none: 'No reviews were completed in this period, and none are open.',
  },
  shown: {
    studies: (count: number) => `Show ${counted(count, 'study', 'studies')}`,
    results: (count: number) => `Show ${counted(count, 'result', 'results')}`,
    reviews: (count: number) => `Show ${counted(count, 'review', 'reviews')}`,
    accepted: (count: number) => `Show ${formatCount(count)} accepted`,
    corrected: (count: number) => `Show ${formatCount(count)} corrected`,
    title: {
      studies: 'Counted studies',
      results: 'Counted results',
      reviews: 'Counted reviews',
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
