/** The texts of the stored instances of a result. Concepts and values come from the instances. */
import type { ResultInstance } from '#shared/protocol/inference.ts';
import { formatBytes, formatCount } from '../../kit/format.ts';
import { resultWords } from './result-words.ts';

export const storedWords = {
  titles: { SR: 'Report', SEG: 'Segmentation', SC: 'Heat map' } satisfies Record<
    ResultInstance['kind'],
    string
  >,
  verifiedReport: 'Verified report',
  /** Two reports of one result differ in the verdict and its time. */
  verified: (verdict: string, when: string) => `Verified report: ${verdict}, ${when}`,
  replacedBy: 'Replaced by:',
  replaced: 'replaced by a later report',
  /** Withheld because a verified report names the radiologist. */
  withheld: 'your account may not open it',
  what: {
    SR: 'The structured report (SR), as the PACS holds it',
    SEG: 'The segmentation (SEG) over its source image, as the PACS holds it',
    SC: 'The picture (Secondary Capture), as the PACS holds it',
  } satisfies Record<ResultInstance['kind'], string>,
  tabs: 'What the PACS holds of this result',
  back: 'Result',
  nothing: 'Nothing of this result is in the PACS.',
  /** The instance is in the PACS, but withheld. */
  mayNotOpen: 'Your account may not open verified reports. The result shows the verdict.',
  notThis: 'This result has no such part. The result lists what it has.',
  reading: 'Reading it back from the PACS…',
  slow: 'The PACS is slow or unreachable. Still trying: wait here, or look at the result meanwhile.',
  again: 'Read it again',

  proof: {
    label: 'In the PACS',
    justNow: (time: string, bytes: number) =>
      `Read back from the PACS just now (${time}, ${formatBytes(bytes)})`,
    asListed: 'Byte for byte what its receipt names',
    changed:
      'Its bytes differ from those its receipt names: the PACS, or someone using it, has changed it. Tell whoever runs the PACS.',
    noReceipt: 'No receipt names it yet. It will be signed in a moment.',
    sopInstanceUID: 'SOP Instance UID',
    receipt: 'Receipt that names it',
    issued: (when: string) => `signed ${when}`,
    toStudy: 'Study and receipt on this device',
  },

  pacsAway: 'Nothing is lost. Read it again when the PACS answers.',
  gone: {
    title: 'The PACS no longer holds it.',
    next: 'It was there when its receipt was signed. Tell whoever runs the PACS, and give them the SOP Instance UID and the receipt below.',
  },
  underWay: {
    title: 'It is not in the PACS yet.',
    next: 'It is sent there automatically. Read it again in a moment.',
  },
  refused: {
    title: 'The PACS has refused it.',
    next: 'An administrator must find out why: the study’s receipt contains the code.',
  },
  heldBack: {
    title: 'It is not in the PACS: it was held back.',
    next: 'Open the study’s page to decide.',
  },
  unreadable: {
    title: 'The PACS’s answer cannot be shown.',
    next: 'Tell whoever runs the PACS; another viewer may show more.',
  },

  head: {
    label: 'Patient and study',
    patient: 'Patient',
    pseudonym: 'Patient (pseudonym)',
    patientId: 'Patient ID',
    studyDate: 'Study date',
    series: 'Series',
    made: 'Made',
    by: 'By',
    nothing: 'not stated',
    removed: 'removed with the names',
  },
  flags: {
    label: 'Flags of the report',
    completion: { PARTIAL: 'Partial', COMPLETE: 'Complete' } as Readonly<Record<string, string>>,
    verification: { UNVERIFIED: 'Not verified by a person', VERIFIED: 'Verified by a person' } as Readonly<
      Record<string, string>
    >,
    preliminary: { PRELIMINARY: 'Preliminary', FINAL: 'Final' } as Readonly<Record<string, string>>,
    verifiedBy: 'Verified by',
    completes: 'Completes the report',
  },
  context: 'Who observed',
  about: 'About the report',
  modelAndSource: 'By which model, of which image',
  sourceAlone: 'Of which image',
  /** For an image in the report’s image library, which has no name of its own. */
  image: 'Image',
  source: 'Source image',
  another: 'Another instance',

  segments: {
    label: 'Segments',
    show: (label: string) => `Show ${label}`,
    share: (pixels: number, of: number) => `${resultWords.percent(pixels / of)} of the image`,
    pixels: (pixels: number) => `${formatCount(pixels)} pixels`,
    area: (area: number) => `${area < 10 ? area.toFixed(1) : formatCount(Math.round(area))} cm²`,
    opacity: 'Opacity of the segments',
    picture: (labels: readonly string[]) =>
      labels.length === 0 ? 'The source image' : `The source image, and over it: ${labels.join(', ')}`,
    imageMissing: 'The source image could not be fetched. Only the segments are shown.',
    algorithms: { AUTOMATIC: 'automatic', SEMIAUTOMATIC: 'semi-automatic', MANUAL: 'by hand' } as Readonly<
      Record<string, string>
    >,
    size: (columns: number, rows: number) =>
      `${formatCount(columns)} × ${formatCount(rows)} pixels, each in or out`,
  },
  capture: 'The image with the heat map and its words burned in',
} as const;
