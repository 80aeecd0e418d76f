/** The words of the screen before and after; loaded only with that screen. */
import type { Change, NotShown, RowReason } from '../compare/comparison.ts';
import type { Filter, Heading } from './list-entries.ts';
import { counted, images } from '../../kit/counted.ts';
import { formatBytes, formatCount } from '../../kit/format.ts';

const elements = (count: number) => counted(count, 'element', 'elements');

export const deidWords = {
  missing: 'This study is no longer selected.',
  missingWhat:
    'Your selection is cleared when the page reloads. Pressing Send also removes the study from your selection.',
  missingNext: 'Choose a study',
  whereItIs: {
    title: 'Where this study is now',
    cancelled: 'Sending was cancelled. Nothing more of this study is sent.',
    open: 'Open in Studies',
    openOf: (name: string) => `Open in Studies: ${name}`,
  },
  inForce: '“After” is exactly what will be sent.',
  nothingLeft: 'Nothing has been sent yet.',
  restIsSent: 'The rest of this study will be sent.',
  unchanged: 'Nothing is changed',
  unchangedWhat: 'The PACS gets this image exactly as it is, with names. Before and after are the same.',
  ordered: (count: number) => `The order replaces ${counted(count, 'value', 'values')}`,
  orderedWhat: (keywords: readonly string[]) =>
    `In this image: ${keywords.join(', ')}. The image also records the original values. Everything else stays unchanged, with names.`,
  headed: 'Only the file header is rewritten',
  headedWhat: 'The PACS gets the data set of this image exactly as it is, with names.',

  stage: {
    label: 'The image shown',
    series: 'Series',
    seriesOf: (number: number, description: string, count: number) =>
      `${formatCount(number)}. ${description} (${images(count)})`,
    image: (at: number, count: number) => `Image ${formatCount(at)} of ${formatCount(count)}`,
    previous: 'Previous image',
    next: 'Next image',
    previousPicture: 'Previous picture',
    nextPicture: 'Next picture',
    picture: (at: number) => `Picture of image ${formatCount(at)}`,
    larger: (at: number) => `Enlarge the picture of image ${formatCount(at)}`,
    noPicture: 'Picture can’t be shown here.',
    frame: (at: number, count: number) => `Frame ${formatCount(at)} of ${formatCount(count)}`,
    frameLabel: 'Frame',
  },

  reading: 'Reading the image…',
  failed: 'This device could not compare the image.',
  failedWhat: 'Nothing has been sent, and your files are not changed.',
  needsNames: 'Names are hidden. To see what is removed, show names.',
  again: 'Try again',
  notPrepared: 'Connect to the network to see what is removed.',
  notPreparedNext: 'The gateway is needed to remove names, and it can’t be reached.',
  policyUnknown: 'The policy is not known yet: the gateway has not reported it.',
  policyUnknownNext:
    'Once the policy is known, this page shows what is removed. Nothing is sent before that.',
  heldHere: 'This image stays on this device.',

  list: {
    label: 'Elements of the data set',
    search: 'Search',
    searchHint: 'Search by keyword, tag or value',
    show: 'Show',
    /** Begins with the visible text of the button. */
    rules: 'Details: the DICOM rule for each element',
    filters: { changed: 'Changed', kept: 'Kept', all: 'All' } satisfies Record<Filter, string>,
    found: (count: number) => `${elements(count)} shown`,
    nothing: 'No element matches.',
    nothingNext: 'Search for another word, or show all elements.',
    showAll: 'Show all',
    columns: { element: 'Element', before: 'Before', after: 'After' },
    notShown: ({ changed, kept }: NotShown) =>
      `This image has too many elements to list all: ${formatCount(changed)} changed and ${formatCount(kept)} kept elements are not shown. The same rules apply to them.`,
    open: (name: string) => `Open ${name}`,
    close: (name: string) => `Close ${name}`,
    count: (count: number) => elements(count),
  },

  headings: {
    identity: 'Identity',
    dates: 'Dates and times',
    places: 'Places',
    devices: 'Devices',
    uids: 'UIDs',
    text: 'Text',
    pictures: 'Drawings and pixels',
    private: 'Private and unknown',
    method: 'File information',
    kept: 'Kept',
  } satisfies Record<Heading, string>,
  headingWhat: {
    identity: 'Names of people, and numbers that identify them',
    dates: 'Dates and times of events, and ages',
    places: 'Addresses, locations and contact details',
    devices: 'Machines and their serial numbers',
    uids: 'Identifiers of studies, series and images',
    text: 'Descriptions, comments and values in words',
    pictures: 'Drawings over the image, and text burned into it',
    private: 'Elements that only the manufacturer understands',
    method: 'How the file was written and de-identified',
    kept: 'Elements that are not changed',
  } satisfies Record<Heading, string>,

  value: {
    nameless: 'Not in the DICOM standard',
    privateElement: 'Private element',
    item: (number: number) => `Item ${formatCount(number)}`,
    items: (count: number) => counted(count, 'item', 'items'),
    absent: 'not present',
    empty: 'empty',
    binary: (bytes: number) => `${formatBytes(bytes)} of data`,
    cut: (characters: number) => `${formatCount(characters)} characters in total`,
  },

  changes: {
    removed: 'Removed',
    emptied: 'Emptied',
    replaced: 'Replaced',
    'date-moved': 'Date moved',
    'new-uid': 'New UID',
    'text-cleaned': 'Text cleaned',
    'bytes-cleared': 'Invisible bytes cleared',
    added: 'Added',
    inside: 'Content changed',
    kept: 'Kept',
  } satisfies Record<Change, string>,
  because: {
    profile: 'Required by the Basic Profile',
    option: 'Set by an option of the policy',
    policy: 'The policy has a rule for this attribute',
    pseudonym: 'Replaced by a code that is always the same for this patient',
    private: 'Only the manufacturer knows what a private element contains',
    'safe-private': 'The DICOM standard lists this private element as safe',
    overlay: 'It is drawn over the image and may contain a name',
    'unknown-attribute': 'The DICOM standard does not define it, so its content is unknown',
    'free-text': 'Free text may contain a name or an address',
    'by-vr': 'It is not in the DICOM de-identification table (E.1-1), but it is a date or an image UID',
    'beside-the-table':
      'It is not in the DICOM de-identification table (E.1-1), but it names a person, a place or a device',
    'inside-sequence': 'The whole sequence around it is replaced',
    malformed: 'Its format is invalid, so it cannot be trusted',
    outdated: 'It applied only to the original file',
    'unseen-bytes': 'These bits or bytes are not visible in the image. The picture stays the same',
    marker: 'It says that the file was de-identified, and how',
    released: 'A person looked at it and found no name',
    covered: 'A person covered it on this device',
    'known-value': 'It repeats a name, number, place or date from elsewhere in the header',
    'not-needed': 'It says nothing about a person',
    around: 'It was removed with the sequence around it',
    'file-meta': 'The file header is rewritten',
    identified: 'The policy changes nothing',
    ordered: 'Set by the order picked for this study',
  } satisfies Record<RowReason, string>,
  /** The element already has the value that the policy would give it. */
  already: 'It already meets the policy',
  /** The element's row in the table of PS3.15. */
  table: (choices: string) => `(Table E.1-1: ${choices})`,

  held: {
    title: (count: number) => `${images(count)} held back`,
    what: (answerable: number, count: number) =>
      answerable === 0
        ? 'The policy does not allow sending these images as they are, and they cannot be released. They stay on this device.'
        : 'The policy does not allow sending these images as they are. They stay on this device unless you cover the name or release them.' +
          (answerable < count ? ` ${formatCount(count - answerable)} of them cannot be released.` : ''),
    none: 'No images are held back any more',
    noneWhat: 'You have decided about all of them.',
    decided: {
      'in-pacs': 'You already decided on this image, and it is in the PACS',
      'left-out': 'You left it out. It will not be sent',
    },
    decidedNext: {
      'in-pacs':
        'The PACS keeps the version that you sent earlier and does not accept another one. If it shows a name, ask your PACS administrator to delete or cover it.',
      'named-in-pacs':
        'The PACS has this image with the text above. If the text names a person, ask your PACS administrator to delete the image. Then choose the study again.',
      'left-out':
        'If you want to send it after all, cover the name or release the image above. This works only if the policy allows it.',
    },
    leaveOut: 'Leave out',
    decideAgain: 'Decide again',
    heldBack: 'Held back on this device',
    gone: 'The PACS no longer has this image as you sent it. It stays on this device until you decide again.',
    released: 'Released. It will be sent with the study',
    covered: (count: number) =>
      `Covered by ${counted(count, 'box', 'boxes')}. It will be sent with the study`,
    cover: 'Cover the name',
    change: 'Change the boxes',
    onInstance: (label: string, at: number) => `${label} on image ${formatCount(at)}`,
    lookCovered: 'I covered everything in this picture that names a person',
    look: 'I looked at this picture; nothing in it names a person',
    lookFrames: (frames: number) =>
      `I looked at all ${formatCount(frames)} frames; nothing in them names a person`,
    read: 'I read these texts; nothing in them names a person',
    lookFramesAndRead: (frames: number) =>
      `I read these texts and looked at all ${formatCount(frames)} frames; nothing in them names a person`,
    lookAndRead: 'I read these texts and looked at this picture; nothing in them names a person',
    document: 'This page cannot show documents. First read it in another program:',
    readDocument: 'I read this whole document in another program; nothing in it names a person',
    odd: 'Send anyway. The PACS may refuse it or display it differently',
    shown: (shown: number, all: number, kind: 'frames' | 'pictures' = 'frames') =>
      shown === all
        ? `All ${formatCount(all)} ${kind} shown`
        : `${formatCount(shown)} of ${formatCount(all)} ${kind} shown`,
    lookFirst: 'You can release it when everything has been shown.',
    showAll: (left: number, all: number, kind: 'frames' | 'pictures' = 'frames') =>
      left === 0 || left >= all - 1 ? `Show all ${kind}` : `Show the other ${formatCount(left)} ${kind}`,
    openFirst: 'Open the picture and check it for a name. Then you can confirm that it shows none.',
    openAll: (left: number, all: number) =>
      all === 1
        ? 'Open the picture'
        : left === all
          ? all === 2
            ? 'Look at both pictures'
            : `Look at all ${formatCount(all)} pictures`
          : left === 1
            ? 'Look at the last picture'
            : `Look at the other ${formatCount(left)} pictures`,
    inAll: (at: number, count: number) => `Picture ${formatCount(at)} of ${formatCount(count)}`,
    allSaid: (count: number) =>
      count === 1
        ? 'The last one shows no name: release it'
        : `None of them shows a name: release all ${formatCount(count)}`,
    pause: 'Pause',
    undrawn: (frames: number) =>
      frames === 1
        ? 'One frame can’t be shown here, so the image can’t be released.'
        : `${formatCount(frames)} frames can’t be shown here, so the image can’t be released.`,
    unseen: 'It can’t be released here, because its picture can’t be shown.',
    onlyCovered: 'It can be sent only if you cover the name. Its pixels may contain more than is visible.',
    never: 'It cannot be released, even after a person has checked it.',
    all: (count: number) => `Release all ${formatCount(count)} shown`,
    allTitle: (count: number) => `Release ${images(count)}?`,
    allWhat: (count: number) =>
      `You confirm: I looked at these ${formatCount(count)} images, and nothing shown here names a person. ` +
      'They will be sent with the study. Each image records what you looked at. You can undo this until sending begins.',
    allYes: 'I looked at all of them. Release',
    allNo: 'Keep them here',
    undoAll: (count: number) => `Hold back all ${formatCount(count)} again`,
    more: (count: number) => `Show ${formatCount(count)} more`,
    sending: 'Sending has begun, so these decisions can no longer be changed.',
  },
} as const;
