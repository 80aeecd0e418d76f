/** The words of the screen before and after; loaded only with that screen. */
import type { Change, NotShown, RowReason } from '../compare/comparison.ts';
import type { Filter, Heading } from './list-entries.ts';
import { counted, images } from '../../kit/counted.ts';
import { formatBytes, formatCount } from '../../kit/format.ts';

const elements = (count: number) => counted(count, 'element', 'elements');

export const deidWords = {
  missing: 'This study is not chosen here.',
  missingWhat:
    'Chosen studies are forgotten when the page reloads, and leave this list when they are queued.',
  missingNext: 'Choose a study',
  inForce: '“After” is exactly what will be sent.',
  nothingLeft: 'Nothing has left yet.',
  restIsSent: 'The rest of this study is sent.',
  unchanged: 'Nothing is changed',
  unchangedWhat: 'The PACS gets this image exactly as it is, with names. Before and after are the same.',
  ordered: (count: number) => `The order replaces ${counted(count, 'value', 'values')}`,
  orderedWhat: (keywords: readonly string[]) =>
    `Of this image: ${keywords.join(', ')}. It records the values before, and everything else stays as it is, with names.`,
  headed: 'Only the header of the file is written again',
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
  failedWhat: 'Nothing has left, and your files stay as they are.',
  needsNames: 'This page shows what is removed: it needs the names.',
  again: 'Try again',
  notPrepared: 'Connect to see what is removed.',
  notPreparedNext: 'Names are removed with the help of the gateway, which can’t be reached.',
  policyUnknown: 'The gateway has not said yet which policy is in force.',
  policyUnknownNext: 'This page can show what is removed once it has. Nothing is sent before that.',
  heldHere: 'This image does not leave this device.',

  list: {
    label: 'Elements of the data set',
    search: 'Search',
    searchHint: 'Search keyword, tag or value',
    show: 'Show',
    /** Begins with the visible text of the button. */
    rules: 'Details: the rule of the standard for each element',
    filters: { changed: 'Changed', kept: 'Kept', all: 'All' } satisfies Record<Filter, string>,
    found: (count: number) => `${elements(count)} shown`,
    nothing: 'No element matches.',
    nothingNext: 'Search for another word, or show all elements.',
    showAll: 'Show all',
    columns: { element: 'Element', before: 'Before', after: 'After' },
    notShown: ({ changed, kept }: NotShown) =>
      `This image has more elements than a screen can hold: ${formatCount(changed)} that are changed and ${formatCount(kept)} that are kept are not listed. The same rules apply to them.`,
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
    method: 'The file itself',
    kept: 'Kept',
  } satisfies Record<Heading, string>,
  headingWhat: {
    identity: 'People, and the numbers that lead to them',
    dates: 'When something happened, and how old somebody is',
    places: 'Where somebody is, lives or can be reached',
    devices: 'Machines and their serial numbers',
    uids: 'Identifiers of studies, series and images',
    text: 'Descriptions, comments and values in words',
    pictures: 'Drawings over the image, and text burned into it',
    private: 'Elements that only their maker understands',
    method: 'How the file was written and de-identified',
    kept: 'Elements that stay as they are',
  } satisfies Record<Heading, string>,

  value: {
    nameless: 'Unknown to the standard',
    privateElement: 'Private element',
    item: (number: number) => `Item ${formatCount(number)}`,
    items: (count: number) => counted(count, 'item', 'items'),
    absent: 'absent',
    empty: 'empty',
    binary: (bytes: number) => `${formatBytes(bytes)} of data`,
    cut: (characters: number) => `${formatCount(characters)} characters in all`,
  },

  changes: {
    removed: 'Removed',
    emptied: 'Emptied',
    replaced: 'Replaced',
    'date-moved': 'Date moved',
    'new-uid': 'New UID',
    'text-cleaned': 'Text cleaned',
    'bytes-cleared': 'Unseen bytes cleared',
    added: 'Added',
    inside: 'Changed inside',
    kept: 'Kept',
  } satisfies Record<Change, string>,
  because: {
    profile: 'The basic profile asks for it',
    option: 'An option of the policy decides here',
    policy: 'The policy has a rule for this attribute',
    pseudonym: 'A code takes its place, the same one for this patient every time',
    private: 'Only its maker knows what a private element holds',
    'safe-private': 'The standard lists this private element as safe',
    overlay: 'It is drawn over the image and may hold a name',
    'unknown-attribute': 'The standard does not define it, so nobody knows what it holds',
    'free-text': 'It can hold prose, a name or an address',
    'by-vr': 'It is not in the table, but it is a date or the UID of an image',
    'beside-the-table': 'The table leaves it out, but it names a person, a place or a device',
    'inside-sequence': 'It is in a sequence whose whole content is replaced',
    malformed: 'It is malformed, so it cannot be trusted',
    outdated: 'It was true of the old bytes only',
    'unseen-bytes': 'Bits or bytes that no image shows; the picture stays the same',
    marker: 'It records that this was de-identified, and how',
    released: 'A person looked at it and found no name',
    covered: 'A person covered it on this device',
    'known-value': 'It holds a name, number, place or date from the rest of the header',
    'not-needed': 'It says nothing about a person',
    around: 'It was removed with the sequence around it',
    'file-meta': 'The header of the file is written again',
    identified: 'The policy changes nothing',
    ordered: 'The order that was picked for this study decides here',
  } satisfies Record<RowReason, string>,
  /** The element already has the value that the policy would give it. */
  already: 'It already conforms to the policy',
  /** The element's row in the table of PS3.15. */
  table: (choices: string) => `(Table E.1-1: ${choices})`,

  held: {
    title: (count: number) => `${images(count)} held back`,
    what: (answerable: number, count: number) =>
      answerable === 0
        ? 'The policy cannot make these safe, and nobody can release them. They stay on this device.'
        : 'The policy cannot make these safe. They stay on this device unless you cover the name or release them.' +
          (answerable < count ? ` ${formatCount(count - answerable)} of them cannot be released.` : ''),
    none: 'Nothing is held back any longer',
    noneWhat: 'You decided about each of these.',
    decided: {
      'in-pacs': 'You decided about it before: the PACS has it',
      'left-out': 'You left it out: it is not sent',
    },
    decidedNext: {
      'in-pacs':
        'The PACS keeps it as you covered or released it then, and stores no other version. If it shows a name, ask whoever looks after the PACS to delete or cover it there.',
      'named-in-pacs':
        'The PACS has this image with the text above. If that names somebody, ask whoever looks after the PACS to delete the image there; then choose the study again.',
      'left-out': 'To send it after all, cover the name or release it above, where the policy allows that.',
    },
    leaveOut: 'Leave out',
    decideAgain: 'Decide again',
    heldBack: 'Held back: it stays on this device',
    gone: 'The PACS no longer has this image as you sent it. Decide again, or it stays on this device.',
    released: 'Released: it is sent with the study',
    covered: (count: number) => `Covered by ${counted(count, 'box', 'boxes')}: it is sent with the study`,
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
    document: 'This page cannot show documents. Read it in another program first:',
    readDocument: 'I read this whole document in another program; nothing in it names a person',
    odd: 'Send it, although a PACS may refuse it or show it otherwise',
    shown: (shown: number, all: number, kind: 'frames' | 'pictures' = 'frames') =>
      shown === all
        ? `All ${formatCount(all)} ${kind} shown`
        : `${formatCount(shown)} of ${formatCount(all)} ${kind} shown`,
    lookFirst: 'You can release it once all were shown.',
    showAll: (left: number, all: number, kind: 'frames' | 'pictures' = 'frames') =>
      left === 0 || left >= all - 1 ? `Show all ${kind}` : `Show the other ${formatCount(left)} ${kind}`,
    openFirst: 'Open the picture and look for a name in it; then you can say that nothing is there.',
    openAll: (left: number, all: number) =>
      all === 1
        ? 'Open the picture'
        : left === all
          ? all === 2
            ? 'Look at both pictures'
            : `Look at all ${formatCount(all)} pictures`
          : left === 1
            ? 'Look at the picture that is left'
            : `Look at the other ${formatCount(left)} pictures`,
    inAll: (at: number, count: number) => `Picture ${formatCount(at)} of ${formatCount(count)}`,
    allSaid: (count: number) =>
      count === 1
        ? 'I see no name in the last one: release it'
        : `I see no name in any: release all ${formatCount(count)}`,
    pause: 'Pause',
    undrawn: (frames: number) =>
      frames === 1
        ? 'One frame can’t be drawn here, so this can’t be released.'
        : `${formatCount(frames)} frames can’t be drawn here, so this can’t be released.`,
    unseen: 'It can be released only where its picture can be shown.',
    onlyCovered:
      'It can be sent only once you cover the name in it: its pixels may hold more than they show.',
    never: 'It cannot be released, even after somebody has looked at it.',
    all: (count: number) => `Release all ${formatCount(count)} shown`,
    allTitle: (count: number) => `Release ${images(count)}?`,
    allWhat: (count: number) =>
      `You say: I looked at these ${formatCount(count)} images; nothing shown here names a person. ` +
      'They are sent with the study, and each records what you looked at. You can take this back until sending begins.',
    allYes: 'I looked at all of them: release',
    allNo: 'Keep them here',
    undoAll: (count: number) => `Hold all ${formatCount(count)} back again`,
    more: (count: number) => `Show ${formatCount(count)} more`,
    sending: 'Sending has begun, so these decisions can no longer be changed.',
  },
} as const;
