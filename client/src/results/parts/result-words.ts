/**
 * The texts of results, runs and models, loaded only with those pages. They contain no data except the functions'
 * arguments.
 */
import { none } from '../../kit/none.ts';
import type { Job } from '#shared/protocol/inference.ts';
import { counted } from '../../kit/counted.ts';
import { formatBytes, formatCount } from '../../kit/format.ts';
import type { MapChoice } from './look.store.ts';
import type { Period, Whose } from './filters.ts';
import type { NoAnswer } from './finding-kinds.ts';
import { verdictWords } from './verdict-words.ts';

/** 0.2124 → "21 %" on one line; values that would round to 0 or 100 become "< 1 %" and "> 99 %". */
const percent = (part: number) =>
  part > 0 && part < 0.005
    ? '<\u00a01\u00a0%'
    : part < 1 && part > 0.995
      ? '>\u00a099\u00a0%'
      : `${Math.round(part * 100)}\u00a0%`;
/** With a decimal, so that two scores that are said to differ do not look alike. */
const orNothing = (part: number | null) => (part === null ? 'nothing' : `${(part * 100).toFixed(1)}\u00a0%`);

export const resultWords = {
  percent,
  look: 'Run AI',

  list: {
    title: 'Results',
    ask: 'Run AI',
    models: 'Models',
    filters: 'Which results',
    model: 'Model',
    anyModel: 'All models',
    study: 'Study',
    anyStudy: 'All studies',
    period: 'Period',
    periods: { any: 'Any time', today: 'Today', week: 'Last 7 days', month: 'Last 30 days' } satisfies Record<
      Period,
      string
    >,
    whose: 'Requested by',
    whoses: { all: 'All', mine: 'Mine' } satisfies Record<Whose, string>,
    clear: 'Show all results',
    live: 'Being looked at',
    failed: 'Could not be looked at',
    clearFailed: 'Clear these',
    found: 'Results, newest first',
    pseudonym: (name: string) => `Pseudonym ${name}`,
    loading: 'Fetching results…',
    more: 'Show older ones',
    none: none('No result fits these filters.'),
    byRule: 'Delivered studies are examined automatically only if an administrator has made a rule for them.',
  },

  studyUID: (short: string) => `UID …${short}`,
  picture: (kind: 'png' | 'jpeg') => `${kind === 'png' ? 'PNG' : 'JPEG'} picture`,
  loneInstance: 'DICOM file',
  /** Kinds of image with their article. */
  looksLike: {
    CXR: 'a chest film',
    Hand: 'a hand film',
    BreastMRI: 'an MR of the breast',
    HeadCT: 'a CT of the head',
    TrunkCT: 'a CT of the trunk',
    other: 'none of the kinds of picture that the model knows',
  } as Readonly<Record<string, string>>,

  headline: {
    above: 'Above the threshold for pneumonia',
    below: 'Below the threshold for pneumonia',
    segmented: 'Lung fields were marked',
    kind: (kind: string) => `It looks like ${kind}`,
    silent: 'The model gives no answer',
  },
  short: {
    above: (score: number) => `Above the threshold, ${percent(score)}`,
    below: (score: number) => `Below the threshold, ${percent(score)}`,
    segmented: (fraction: number) => `Lungs ${percent(fraction)} of the image`,
    kind: (kind: string, probability: number) => `Kind of picture: ${kind}, ${percent(probability)}`,
    noKind: 'none of the kinds it knows',
  },
  /** The wording in a list; the page of a result says more (`cautionsOf`). */
  silent: {
    'outside-population': 'Outside this model’s population',
    'not-a-chest-film': 'Not a chest film',
    'perhaps-no-chest-film': 'Perhaps not a chest film',
    turned: 'A rotated or inverted film',
    'no-reason': 'Not scored',
  } satisfies Record<NoAnswer, string>,

  picturePart: {
    label: 'Image and map',
    image: 'The examined image',
    imageWithMap: (map: string) => `The examined image, overlaid with: ${map}`,
    loading: 'Fetching the image…',
    slow: 'The PACS is slow or unreachable. Still trying; the map and the text remain.',
    missing: {
      image: 'The image could not be fetched.',
      map: 'The map could not be fetched. The image remains.',
      gone: 'The image is not kept: it was sent as a file, and no PACS has it.',
    },
    again: 'Try again',
    map: 'Map over the image',
    maps: {
      none: 'None',
      cam: 'Activation',
      'integrated-gradients': 'Gradients',
      'lung-fields': 'Lungs',
    } satisfies Record<MapChoice, string>,
    mapNames: {
      none: 'No map',
      cam: 'Class activation map',
      'integrated-gradients': 'Integrated gradients',
      'lung-fields': 'Lung fields',
    } satisfies Record<MapChoice, string>,
    mapWhat: {
      none: 'The image as the model saw it.',
      cam: 'Where the model’s decision comes from, in 20 × 20 cells. It does not outline a finding.',
      'integrated-gradients': 'What each part of the image adds to the score.',
      'lung-fields': 'Where the model sees the lungs.',
    } satisfies Record<MapChoice, string>,
    legend: {
      weak: 'little',
      strong: 'much',
      lowers: 'lowers it',
      raises: 'raises it',
      right: 'Right lung',
      left: 'Left lung',
    },
    opacity: 'Opacity of the map',
    noMaps: 'This result has no map.',
  },

  bars: {
    label: 'Probabilities',
    score: 'Pneumonia, either kind',
    threshold: (threshold: number) => `threshold ${percent(threshold)}`,
    above: (threshold: number) => `above the threshold of ${percent(threshold)}`,
    below: (threshold: number) => `below the threshold of ${percent(threshold)}`,
  },
  lungs: {
    label: 'Lungs',
    ofImage: (fraction: number) => `${percent(fraction)} of the image`,
    right: 'Right',
    left: 'Left',
    marked: (fraction: number) => `${percent(fraction)} of it marked by the map`,
  },
  rationale: 'Why',
  limits: 'What it cannot see',

  device: {
    title: 'The device and the gateway disagree',
    what: (device: number | null, gateway: number | null) =>
      `For the same image and the same model, the device said ${orNothing(device)} and the gateway says ${orNothing(gateway)}. An administrator must find out why.`,
  },
  insteadOf: (asked: string, answered: string) => ({
    title: 'Another version has answered',
    what: `${asked} was asked for and is not available. ${answered} has answered in its place.`,
  }),
  verdict: verdictWords,

  details: {
    label: 'How it was made',
    model: 'Model',
    modelDigest: 'Digest of the model (SHA-256)',
    inputDigest: 'Digest of the input (SHA-256)',
    input: 'Input',
    inputWhat: (kind: string, columns: number, rows: number, frame: number) =>
      `${kind}, ${formatCount(columns)} × ${formatCount(rows)}${frame > 0 ? `, frame ${formatCount(frame + 1)}` : ''}`,
    gate: 'Kind of image',
    gateWhat: (kind: string, probability: number) => `${kind}, ${percent(probability)}`,
    population: 'Population',
    populations: { inside: 'inside', outside: 'outside', unknown: 'not known' },
    runtime: 'Runtime',
    cached: 'From the cache',
    cachedWhat: 'The same model has seen the same input before',
    completeness: 'Sum of the attributions',
    completenessWhat: (sum: number, difference: number) =>
      `${sum.toFixed(4)}; the outputs differ by ${difference.toFixed(4)}`,
    made: 'Made',
    asked: 'Asked by',
    byRule: 'a rule, after delivery',
    you: 'you',
    somebody: 'somebody else',
    revision: 'Revision',
    studyInstanceUID: 'Study Instance UID',
    sopInstanceUID: 'SOP Instance UID',
    instances: 'Reports and maps for the PACS',
    reportComes: 'The report with the last verdict is being made.',
    noInstances: 'Nothing is written into the PACS for a lone file.',
    states: {
      stored: 'in the PACS',
      coerced: 'in the PACS, with changes',
      'already-stored': 'in the PACS before',
      posting: 'at the gateway',
      posted: 'at the gateway',
      received: 'at the gateway',
      promised: 'being made',
      refused: 'refused by the PACS',
      quarantined: 'held until a person decides',
      'left-out': 'left out',
    } as Readonly<Record<string, string>>,
  },

  one: {
    title: 'Result',
    back: 'Results',
    toReview: 'Back to the review',
    toCase: 'Back to the case',
    loading: 'Fetching the result…',
    nameMissing: 'The patient’s name could not be fetched.',
    previous: 'Newer result',
    next: 'Older result',
    compare: 'Compare with',
    otherImage: 'another image',
    compareNone: 'Nothing beside it',
    keys: 'Keys',
  },
  beside: { title: 'Two results', same: 'The same image', other: 'Not the same image' },

  keys: {
    title: 'Keys',
    on: 'Single keys work on this page',
    onWhat: 'Switch them off where another program listens to the keyboard. In fields they never work.',
    list: [
      ['m', 'Next map'],
      ['[  ]', 'Map fainter, stronger'],
      ['a', 'Agree'],
      ['c', 'Disagree and correct it'],
      ['u', 'Change your verdict'],
      ['j  k', 'Older, newer result'],
      ['?', 'These keys'],
    ] as const,
  },

  job: {
    states: {
      queued: 'Waits for its turn',
      running: 'Being looked at',
      done: 'Done',
      failed: 'Failed',
      cancelled: 'Cancelled',
    } satisfies Record<Job['state'], string>,
    images: (done: number, of: number) => `${formatCount(done)} of ${counted(of, 'image', 'images')}`,
    attempt: (attempt: number) => `attempt ${formatCount(attempt)}`,
    cancel: 'Cancel',
    cancelOf: (name: string) => `Cancel ${name}`,
    retry: 'Try again',
    retryOf: (name: string) => `Try again: ${name}`,
  },

  run: {
    title: 'Run AI',
    source: 'What to examine',
    sources: { study: 'A study', uid: 'By its UID', file: 'A file' },
    studies: 'Studies in the PACS',
    ofCase: (number: number) => `Study of case ${number}`,
    toCase: 'Back to the case',
    loadingStudies: 'Loading your studies…',
    noStudies: none('No studies of your own. Find one below.'),
    moreStudies: (count: number) => `Show ${formatCount(count)} more`,
    uid: 'Study Instance UID',
    uidWhat: 'Digits and dots, as the PACS shows it.',
    file: 'PNG, JPEG or DICOM, up to 50 MB',
    choose: 'Choose a file',
    chosen: (name: string, bytes: number) => `${name} · ${formatBytes(bytes)}`,
    model: 'Model',
    version: 'Version',
    activeVersion: (version: string) => `${version}, active`,
    stoppedVersion: (version: string, state: string) => `${version}, ${state}`,
    parameters: 'Parameters',
    threshold: 'Threshold',
    ofCard: (threshold: number) => `The card says ${percent(threshold)}`,
    resetThreshold: 'As the card says',
    explain: 'Explanations',
    steps: 'Steps of the integrated gradients',
    stepsWhat: '8 to 512: more steps take longer and are more accurate.',
    fresh: 'Run again, even if the cache has an answer',
    run: 'Run',
    starting: 'Starting…',
    invalid: {
      nothing: 'Choose a study or a file first.',
      uid: 'This is not a UID: digits and dots, at most 64 characters.',
      file: 'The file is larger than 50 MB.',
      model: 'Choose a model.',
      stopped: 'This model is stopped. Choose another version or another model.',
      steps: 'Choose 8 to 512 steps.',
    },
    watching: 'The model is looking',
    leave: 'You can leave this page: the result appears under Results.',
    another: 'Ask something else',
    loading: 'Fetching the models…',
  },

  models: {
    title: 'Models',
    loading: 'Fetching the models…',
    active: 'active',
    none: 'No version is active, so it is not used.',
    parts: {
      'pneumonia-gradient': 'It draws the gradients map for pneumonia and is used for nothing else.',
    } as Readonly<Record<string, string>>,
    states: { available: 'Available', active: 'Active', stopped: 'Stopped', failed: 'Failed' },
    fallback: (name: string) => `If a version is not available, ${name} answers.`,
    card: 'Card',
    use: 'Intended use',
    measures: 'Measures',
    population: 'Population',
    limits: 'Limits',
    licence: 'Licence',
    data: 'Data',
    ages: (years: string) => `${years} years old`,
    size: 'Size',
    digest: 'Digest (SHA-256)',
    added: 'Added',
    activate: 'Activate',
    stop: 'Stop',
    rollback: 'Roll back',
    asks: {
      activate: (name: string) => ({
        title: `Activate ${name}?`,
        what: 'From now on this version answers. Existing results stay.',
        yes: 'Activate',
        no: 'Leave it',
      }),
      stop: (name: string) => ({
        title: `Stop ${name}?`,
        what: 'It no longer answers; the fallback does, if there is one. Current runs are stopped.',
        yes: 'Stop',
        no: 'Let it run',
      }),
      rollback: (name: string) => ({
        title: `Roll ${name} back?`,
        what: 'The previously active version answers again. Existing results stay.',
        yes: 'Roll back',
        no: 'Leave it',
      }),
    },
  },
} as const;
