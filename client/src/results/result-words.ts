/**
 * The texts of results, of running a model, and of the models, fetched only with those pages. They contain no
 * data except the arguments of the functions.
 */
import type { FilmFinding, Job, VERIFICATIONS } from '#shared/protocol/inference.ts';
import { counted } from '../kit/counted.ts';
import { formatBytes, formatCount } from '../kit/format.ts';
import type { MapChoice } from './look.store.ts';
import type { Period, Whose } from './filters.ts';
import type { Correction, NoAnswer } from './finding-kinds.ts';

/** 0.2124 → "21 %"; values that would round to 0 or 100 become "< 1 %" and "> 99 %". */
const percent = (part: number) =>
  part > 0 && part < 0.005 ? '< 1 %' : part < 1 && part > 0.995 ? '> 99 %' : `${Math.round(part * 100)} %`;
const orNothing = (part: number | null) => (part === null ? 'nothing' : percent(part));

export const resultWords = {
  percent,
  notForDiagnosis: 'Not for diagnostic use',
  notForDiagnosisWhat: 'A demonstration model. It only decides which studies are looked at first.',
  look: 'Run AI',

  list: {
    title: 'Results',
    ask: 'Ask a model',
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
    none: 'No result fits these filters.',
    byRule: 'Delivered studies are examined automatically only if an administrator has made a rule for them.',
    /** The empty page teaches in three lines. */
    teach: [
      ['Ask a model', 'Choose a study that is in the PACS, or a picture, and one of the models.'],
      ['It looks at it', 'The gateway runs the model. You can leave this page: the result appears here.'],
      ['A radiologist decides', 'The map shows where the model looked. Agree, or say what it is instead.'],
    ] as const,
  },

  study: (short: string) => `Study …${short}`,
  picture: (kind: 'png' | 'jpeg') => `${kind === 'png' ? 'PNG' : 'JPEG'} picture`,
  loneInstance: 'DICOM file',
  kinds: {
    CXR: 'chest film',
    Hand: 'hand film',
    BreastMRI: 'MR of the breast',
    HeadCT: 'CT of the head',
    TrunkCT: 'CT of the trunk',
    other: 'something else',
  } as Readonly<Record<string, string>>,
  classes: {
    normal: 'Normal',
    'bacterial pneumonia': 'Bacterial pneumonia',
    'viral pneumonia': 'Viral pneumonia',
    pneumonia: 'Pneumonia',
    other: 'Something else',
    'not-assessable': 'Cannot be assessed',
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
    kind: (kind: string, probability: number) =>
      `${kind.charAt(0).toUpperCase()}${kind.slice(1)}, ${percent(probability)}`,
    silent: 'No answer',
  },
  silent: {
    'outside-population': {
      title: 'Outside this model’s population',
      what: 'The model was trained on frontal films of small children. It gives no answer for any other film.',
    },
    'not-a-chest-film': { title: 'Not a chest film', what: 'The image was recognized as another kind.' },
    turned: {
      title: 'A rotated or inverted film',
      what: 'The model would misjudge it, so it gives no score.',
    },
    'no-reason': {
      title: 'No score',
      what: 'The model gave no answer. What is known about the image is shown below.',
    },
  } satisfies Record<NoAnswer, { title: string; what: string }>,
  populationUnknown: 'The header does not say whether this film belongs to the model’s population.',

  film: {
    rotated: { title: 'The film seems rotated', what: 'It is not oriented as the model expects.' },
    inverted: { title: 'The film seems inverted', what: 'Black and white are swapped.' },
    blurred: { title: 'The film seems blurred', what: 'The patient may have moved.' },
    'lungs-cut-off': { title: 'The lungs are cut off', what: 'Part of them lies outside the film.' },
  } satisfies Record<FilmFinding, { title: string; what: string }>,

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
      `For the same image and the same model, the device said ${orNothing(device)} and the gateway says ${orNothing(gateway)}. Tell the administrator.`,
  },
  insteadOf: (asked: string, answered: string) => ({
    title: 'Another version has answered',
    what: `${asked} was asked for and is not available. ${answered} has answered in its place.`,
  }),

  verdict: {
    label: 'A radiologist’s verdict',
    ask: 'Do you agree with the model?',
    askSilent: 'The model gives no answer. Is that right?',
    askOther: 'Is what the model shows right?',
    agree: 'Agree',
    correct: 'Correct',
    you: 'you',
    another: 'another radiologist',
    reason: (reason: string) => `Why: ${reason}`,
    yours: { agree: 'You agree', correct: (finding: string) => `You say: ${finding}` },
    /** Without its image nobody gives a verdict. */
    image: {
      loading: 'You can answer once the image is shown.',
      missing: 'You cannot answer without the image, and it could not be fetched.',
      gone: 'You cannot answer without the image. Send it to the PACS as a study, and run the model on that.',
      again: 'Fetch the image again',
    },
    history: 'Verdicts, newest first',
    sending: 'Saving your verdict…',
    overtaken: 'Another radiologist answered first',
    overtakenWhat: 'Their verdict is shown below; yours was not saved. You can still give yours.',
    unsent: 'Your verdict is not sent',
    unsentWhat: 'It is kept on this device, encrypted.',
    unsentRetried: 'It is sent when the connection is back.',
    again: 'Send now',
    drop: 'Discard it',
    done: { agree: 'Agreed', correct: 'Corrected' } satisfies Record<(typeof VERIFICATIONS)[number], string>,
    instead: (finding: string) => `It is: ${finding}`,
    by: (who: string, when: string) => `by ${who}, ${when}`,
    change: 'Change it',
    none: 'No radiologist has looked at it yet.',
    form: {
      title: 'What is it instead?',
      finding: 'Finding',
      findingMissing: 'Choose what it is.',
      reason: 'Why',
      reasonWhat: 'No names or patient numbers: the report includes this text.',
      reasonMissing: 'Say why, in a few words.',
      submit: 'Correct it',
      left: (count: number) => `${formatCount(count)} characters left`,
    },
    findings: {
      normal: 'Normal',
      pneumonia: 'Pneumonia',
      'bacterial pneumonia': 'Bacterial pneumonia',
      'viral pneumonia': 'Viral pneumonia',
      other: 'Something else',
      'not-assessable': 'Cannot be assessed',
    } satisfies Record<Correction, string>,
  },

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
    instances: 'In the PACS as',
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
    loading: 'Fetching the result…',
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
      ['c', 'Correct'],
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
    title: 'Ask a model',
    source: 'What to examine',
    sources: { study: 'A study', uid: 'By its UID', file: 'A file' },
    studies: 'Studies in the PACS',
    noStudies: 'None of your studies is in the PACS yet.',
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
        what: 'It no longer answers; the fallback does, if there is one. Its running jobs are ended.',
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

  trouble: {
    unknown: 'The gateway gives a reason that this page does not know.',
    unreachable: { title: 'The gateway cannot be reached.', next: 'Nothing is lost. Try again in a moment.' },
    foreign: {
      title: 'Something else answers in the gateway’s place.',
      next: 'A sign-in page of the network, or a proxy: open it, then try again.',
    },
    notUnderstood: {
      title: 'The gateway’s answer was not understood.',
      next: 'Reload the page; there may be a newer version.',
    },
    again: 'Try again',
  },
} as const;
