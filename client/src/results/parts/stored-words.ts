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
  withheld: 'you don’t have permission to open it',
  what: {
    SR: 'The structured report (SR), as stored in the PACS',
    SEG: 'The segmentation (SEG) over its source image, as stored in the PACS',
    SC: 'The picture (Secondary Capture), as stored in the PACS',
  } satisfies Record<ResultInstance['kind'], string>,
  tabs: 'This result in the PACS',
  back: 'Result',
  nothing: 'This result is not in the PACS.',
  /** The instance is in the PACS, but withheld. */
  mayNotOpen: 'You don’t have permission to open verified reports. You can see the verdict in the result.',
  notThis: 'This part of the result does not exist. Go back to the result to see its parts.',
  reading: 'Reading from the PACS…',
  slow: 'The PACS is slow or unreachable. Still trying. You can go back to the result meanwhile.',
  again: 'Read it again',

  proof: {
    label: 'In the PACS',
    justNow: (time: string, bytes: number) =>
      `Read back from the PACS just now (${time}, ${formatBytes(bytes)})`,
    asListed: 'Identical to the image listed in the receipt, byte for byte',
    changed:
      'It differs from the image listed in the receipt: the PACS or a person using it has changed it. Tell your PACS administrator.',
    noReceipt: 'There is no receipt for it yet. One will be signed in a moment.',
    sopInstanceUID: 'SOP Instance UID',
    receipt: 'Its receipt',
    issued: (when: string) => `signed ${when}`,
    toStudy: 'Study and receipt on this device',
  },

  pacsAway: 'Nothing is lost. Read it again when the PACS responds.',
  gone: {
    title: 'It is no longer in the PACS.',
    next: 'It was there when its receipt was signed. Tell your PACS administrator, and give them the SOP Instance UID and the receipt below.',
  },
  underWay: {
    title: 'It is not in the PACS yet.',
    next: 'It will be sent automatically. Read it again in a moment.',
  },
  refused: {
    title: 'The PACS refused it.',
    next: 'An administrator must find out why: the study’s receipt contains the code.',
  },
  heldBack: {
    title: 'It was held back and is not in the PACS.',
    next: 'Open the study’s page to decide.',
  },
  unreadable: {
    title: 'The response from the PACS cannot be shown.',
    next: 'Tell your PACS administrator. Another viewer may be able to show it.',
  },

  head: {
    label: 'Patient and study',
    patient: 'Patient',
    pseudonym: 'Patient (pseudonym)',
    patientId: 'Patient ID',
    studyDate: 'Study date',
    series: 'Series',
    made: 'Created',
    by: 'By',
    nothing: 'not stated',
    removed: 'removed together with names',
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
  context: 'Observer',
  about: 'About the report',
  modelAndSource: 'Model and source image',
  sourceAlone: 'Source image',
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
      labels.length === 0 ? 'The source image' : `The source image with: ${labels.join(', ')}`,
    imageMissing: 'The source image could not be loaded. Only the segments are shown.',
    algorithms: { AUTOMATIC: 'automatic', SEMIAUTOMATIC: 'semi-automatic', MANUAL: 'manual' } as Readonly<
      Record<string, string>
    >,
    size: (columns: number, rows: number) => `${formatCount(columns)} × ${formatCount(rows)} pixels, binary`,
  },
  capture: 'The image with the heat map and text burned in',
} as const;
