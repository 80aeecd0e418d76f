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
    filters: 'Filter results',
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
    live: 'In progress',
    failed: 'Failed',
    clearFailed: 'Clear failed runs',
    found: 'Results, newest first',
    pseudonym: (name: string) => `Pseudonym ${name}`,
    loading: 'Loading results…',
    more: 'Show older results',
    none: none('No results match these filters.'),
    byRule:
      'Models examine delivered studies automatically only if an administrator has added a rule for this.',
  },

  studyUID: (short: string) => `UID …${short}`,
  picture: (kind: 'png' | 'jpeg') => `${kind === 'png' ? 'PNG' : 'JPEG'} picture`,
  loneInstance: 'DICOM file',
  /** Kinds of image with their article. */
  looksLike: {
    CXR: 'a chest film',
    Hand: 'a hand film',
    BreastMRI: 'a breast MR',
    HeadCT: 'a head CT',
    TrunkCT: 'a trunk CT',
    other: 'none of the image types that the model knows',
  } as Readonly<Record<string, string>>,

  headline: {
    above: 'Above the threshold for pneumonia',
    below: 'Below the threshold for pneumonia',
    segmented: 'Lung fields marked',
    kind: (kind: string) => `It looks like ${kind}`,
    silent: 'The model gave no answer',
  },
  short: {
    above: (score: number) => `Above the threshold, ${percent(score)}`,
    below: (score: number) => `Below the threshold, ${percent(score)}`,
    segmented: (fraction: number) => `Lungs: ${percent(fraction)} of the image`,
    kind: (kind: string, probability: number) => `Image type: ${kind}, ${percent(probability)}`,
    noKind: 'none that the model knows',
  },
  /** The wording in a list; the page of a result says more (`cautionsOf`). */
  silent: {
    'outside-population': 'Outside this model’s population',
    'not-a-chest-film': 'Not a chest film',
    'perhaps-no-chest-film': 'Possibly not a chest film',
    turned: 'Rotated or inverted film',
    'no-reason': 'Not scored',
  } satisfies Record<NoAnswer, string>,

  picturePart: {
    label: 'Image and map',
    image: 'The examined image',
    imageWithMap: (map: string) => `The examined image with overlay: ${map}`,
    loading: 'Loading the image…',
    slow: 'The PACS is slow or unreachable. Still trying. The map and the text are available.',
    missing: {
      image: 'The image could not be loaded.',
      map: 'The map could not be loaded. Only the image is shown.',
      gone: 'The image was not kept. It was sent as a file and is in no PACS.',
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
      cam: 'Image areas that led to the model’s decision, in 20 × 20 cells. They do not outline a finding.',
      'integrated-gradients': 'How much each part of the image adds to the score.',
      'lung-fields': 'The lungs as marked by the model.',
    } satisfies Record<MapChoice, string>,
    legend: {
      weak: 'low',
      strong: 'high',
      lowers: 'lowers the score',
      raises: 'raises the score',
      right: 'Right lung',
      left: 'Left lung',
    },
    opacity: 'Opacity of the map',
    noMaps: 'This result has no map.',
  },

  bars: {
    label: 'Probabilities',
    score: 'Pneumonia, bacterial or viral',
    threshold: (threshold: number) => `threshold ${percent(threshold)}`,
    above: (threshold: number) => `above the threshold of ${percent(threshold)}`,
    below: (threshold: number) => `below the threshold of ${percent(threshold)}`,
  },
  lungs: {
    label: 'Lungs',
    ofImage: (fraction: number) => `${percent(fraction)} of the image`,
    right: 'Right',
    left: 'Left',
    marked: (fraction: number) => `${percent(fraction)} of the lung marked by the map`,
  },
  rationale: 'Explanation',
  limits: 'Limits of the model',

  device: {
    title: 'The device and the gateway disagree',
    what: (device: number | null, gateway: number | null) =>
      `The same model on the same image gave ${orNothing(device)} on the device and ${orNothing(gateway)} at the gateway. An administrator must find out why.`,
  },
  insteadOf: (asked: string, answered: string) => ({
    title: 'A different version was used',
    what: `${asked} was requested but is not available. ${answered} was used instead.`,
  }),
  verdict: verdictWords,

  details: {
    label: 'Technical details',
    model: 'Model',
    modelDigest: 'Digest of the model (SHA-256)',
    inputDigest: 'Digest of the input (SHA-256)',
    input: 'Input',
    inputWhat: (kind: string, columns: number, rows: number, frame: number) =>
      `${kind}, ${formatCount(columns)} × ${formatCount(rows)}${frame > 0 ? `, frame ${formatCount(frame + 1)}` : ''}`,
    gate: 'Image type',
    gateWhat: (kind: string, probability: number) => `${kind}, ${percent(probability)}`,
    population: 'Intended population',
    populations: { inside: 'inside', outside: 'outside', unknown: 'not known' },
    runtime: 'Runtime',
    cached: 'From the cache',
    cachedWhat: 'The same model examined the same input before',
    completeness: 'Sum of the attributions',
    completenessWhat: (sum: number, difference: number) =>
      `${sum.toFixed(4)}; the outputs differ by ${difference.toFixed(4)}`,
    made: 'Created',
    asked: 'Requested by',
    byRule: 'a rule, after delivery',
    you: 'you',
    somebody: 'someone else',
    revision: 'Revision',
    studyInstanceUID: 'Study Instance UID',
    sopInstanceUID: 'SOP Instance UID',
    instances: 'Reports and maps for the PACS',
    reportComes: 'The report with the last verdict is being made.',
    noInstances: 'Nothing is written into the PACS for a lone file.',
    states: {
      stored: 'in the PACS',
      coerced: 'in the PACS, with changes',
      'already-stored': 'already in the PACS',
      posting: 'at the gateway',
      posted: 'at the gateway',
      received: 'at the gateway',
      promised: 'being created',
      refused: 'refused by the PACS',
      quarantined: 'waiting for a person’s decision',
      'left-out': 'left out',
    } as Readonly<Record<string, string>>,
  },

  one: {
    title: 'Result',
    back: 'Results',
    toReview: 'Back to the review',
    toCase: 'Back to the case',
    loading: 'Loading the result…',
    nameMissing: 'The patient’s name could not be loaded.',
    previous: 'Newer result',
    next: 'Older result',
    compare: 'Compare with',
    otherImage: 'another image',
    compareNone: 'None',
    keys: 'Shortcuts',
  },
  beside: { title: 'Two results', same: 'Same image', other: 'Different images' },

  keys: {
    title: 'Shortcuts',
    on: 'Turn on single-key shortcuts',
    onWhat:
      'Turn them off if they conflict with another program, such as speech input. They do not work while you type in a field.',
    list: [
      ['m', 'Next map'],
      ['[  ]', 'Make the map fainter, stronger'],
      ['a', 'Agree'],
      ['c', 'Disagree and correct it'],
      ['u', 'Change your verdict'],
      ['j  k', 'Older, newer result'],
      ['?', 'Show these shortcuts'],
    ] as const,
  },

  job: {
    states: {
      queued: 'Waiting in line',
      running: 'In progress',
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
    sources: { study: 'A study', uid: 'By UID', file: 'A file' },
    studies: 'Studies in the PACS',
    ofCase: (number: number) => `Study of case ${number}`,
    toCase: 'Back to the case',
    loadingStudies: 'Loading your studies…',
    noStudies: none('You have not sent any studies. Find one below.'),
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
    ofCard: (threshold: number) => `Default: ${percent(threshold)}`,
    resetThreshold: 'Use default',
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
    watching: 'The model is running',
    leave: 'You can leave this page. The result appears under Results.',
    another: 'New run',
    loading: 'Loading the models…',
  },

  models: {
    title: 'Models',
    loading: 'Loading the models…',
    active: 'active',
    none: 'No version is active, so this model is not used.',
    parts: {
      'pneumonia-gradient': 'Used only to create the gradients map for pneumonia.',
    } as Readonly<Record<string, string>>,
    states: { available: 'Available', active: 'Active', stopped: 'Stopped', failed: 'Failed' },
    fallback: (name: string) => `If a version is not available, ${name} is used.`,
    card: 'Model card',
    use: 'Intended use',
    measures: 'Performance',
    population: 'Population',
    limits: 'Limits',
    licence: 'Licence',
    data: 'Training data',
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
        what: 'This version will be used from now on. Existing results are kept.',
        yes: 'Activate',
        no: 'Cancel',
      }),
      stop: (name: string) => ({
        title: `Stop ${name}?`,
        what: 'This version will no longer be used. If there is a fallback, it is used instead. Current runs are stopped.',
        yes: 'Stop',
        no: 'Cancel',
      }),
      rollback: (name: string) => ({
        title: `Roll ${name} back?`,
        what: 'The previously active version will be used again. Existing results are kept.',
        yes: 'Roll back',
        no: 'Cancel',
      }),
    },
  },
} as const;
