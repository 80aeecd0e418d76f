/** The texts of the list of studies and of checking a receipt. */
import type { WithheldCause } from '#shared/protocol/withheld.ts';
import { counted, images, studies } from '../kit/counted.ts';
import { formatCount } from '../kit/format.ts';
import { leftOutWords } from '../kit/left-out-words.ts';
import { none } from '../kit/none.ts';
import { queueWords } from '../pipeline/queue/queue-words.ts';
import type { Place } from '../pipeline/queue/track-state.ts';
import type { Names, Period, Shown, Sort } from './list-choice.ts';
import type { WhoseStudies } from './sent-studies.store.ts';

/** Shown to people who watch: the sender or an administrator decides. */
const NEEDS_DECISION = 'To decide';

export const studiesWords = {
  /** On the upload page. */
  today: {
    title: 'Waiting and sent today',
    list: 'All studies',
  },
  list: 'List of studies',
  whose: 'Whose studies',
  whoseStudies: { own: 'Yours', 'of-the-site': 'Whole site' } satisfies Record<WhoseStudies, string>,
  news: {
    offer: 'Get a notification when a study is in the PACS or needs your decision. It never names a patient.',
    allow: 'Turn on',
    decline: 'Not now',
  },
  search: 'Search',
  searchHint: 'Name, ID, day sent or receipt',
  filters: 'Filter and sort',
  show: 'Show',
  shown: {
    all: 'All studies',
    incomplete: 'Not all in the PACS',
    ...queueWords.parts,
    removed: 'Removed from list',
  } satisfies Record<Shown, string>,
  /** For people who watch the site: decisions are up to the sender. */
  shownOfSite: {
    all: 'All studies',
    incomplete: 'Not all in the PACS',
    ...queueWords.parts,
    'needs-you': NEEDS_DECISION,
    removed: 'Removed from list',
  } satisfies Record<Shown, string>,
  period: 'When',
  periods: {
    any: 'Any time',
    today: 'Today',
    yesterday: 'Yesterday',
    week: 'Last 7 days',
  } satisfies Record<Period, string>,
  names: 'Patients’ names',
  namesChosen: {
    any: 'Kept or removed',
    kept: 'Kept',
    removed: 'Removed',
  } satisfies Record<Names, string>,
  sort: 'Order',
  sorts: {
    place: 'Where it is',
    newest: 'Newest first',
    oldest: 'Oldest first',
    name: 'Name',
  } satisfies Record<Sort, string>,
  byPatient: 'Group by patient',
  unknownPatient: 'No patient known on this device',
  none: none('No study matches'),
  /** What can be searched for. */
  searchable:
    'Search by patient name or ID, day sent (today, Nov 23 or 23.11.2026), modality such as CT, receipt, complete pseudonym (RP-…) or UID.',
  searchableNameless:
    'Names are hidden. Search by day sent (today, Nov 23 or 23.11.2026), modality such as CT, receipt, complete pseudonym (RP-…) or UID.',
  noneNamed:
    'Names are erased when a study has arrived. To check whether it is in the PACS, choose its files or disc again. Nothing is sent twice.',
  /** Some rows have neither name nor initials. */
  namesGone:
    'Initials and IDs are deleted from this list when you sign out, when the screen locks and when the shift ends. After that, search for a study by its date, modality or receipt.',
  searchableAtSite:
    'Search by sender’s user name, device ID, day sent (today, Nov 23 or 23.11.2026), receipt or UID.',
  searchableByPatient:
    'Search by patient name, ID, accession number or complete pseudonym (RP-…) as in the PACS, sender’s user name, device ID, day sent (today, Nov 23 or 23.11.2026), receipt or UID.',
  /** Of some found studies only the label is left, which other patients may share. */
  mayBe: (count: number) =>
    count === 1
      ? '1 study could be the one you searched for.'
      : `${count} studies could be the one you searched for.`,
  byInitials:
    'For studies that have arrived, only the initials and the end of the ID are known. Another patient may have the same. Compare the end of the ID with your documents.',
  namelessAtSite:
    'A study sent without names can’t be found by the patient’s name. Search for its sender, date or pseudonym.',
  /** Shown while the list covers only a period. */
  only: {
    today: 'Only today’s studies are shown.',
    yesterday: 'Only yesterday’s studies are shown.',
    week: 'Only studies from the last 7 days are shown.',
  } satisfies Record<Exclude<Period, 'any'>, string>,
  clear: 'Show all studies',
  found: (count: number) => `${studies(count)} found`,

  more: 'Show older studies',
  asking: 'Asking the gateway…',
  askingPacs: 'Searching the PACS…',
  pressEnter: 'Press Enter to search the PACS.',
  askPacs: 'Search the PACS',
  patientsHidden: 'You can’t search for patients while names are hidden. Show names first.',
  cut: 'Some matching studies may be missing from this list. Type more of the name or number.',
  onlyHere: 'The gateway is not responding. You see only what is on this device.',
  refused: 'Your other studies could not be loaded from the gateway. You see only what is on this device.',
  searchIncomplete: 'This search is incomplete: it covers only the studies in this list.',
  notSearched: 'The gateway is not responding. Search again later.',
  /** Keyed by the gateway's error code. */
  searchRefused: {
    'pacs-unreachable': 'The PACS is not responding. Search again later.',
    'pacs-without-dicomweb':
      'This PACS cannot be searched by patient or pseudonym. Search by day sent, receipt or UID instead.',
  } as Readonly<Record<string, string>>,
  elsewhere: 'from another device',
  elsewhereWhat: 'Sent from another device. This device does not know the patient.',
  gone: 'sent from here earlier',
  goneWhat: 'Sent from this device, which no longer has the study.',
  sentBy: (username: string) => `sent by ${username}`,
  sentByWhat: (username: string, keptNames: boolean) =>
    `Sent by ${username}, ${keptNames ? 'with names kept' : 'with names removed'}.`,
  /** Instances that were not sent. */
  withheld: {
    'left-out': (count: number) => `${formatCount(count)} left out by a person`,
    ...leftOutWords((count: number) => `${formatCount(count)} left out`),
    damaged: (count: number) => `${formatCount(count)} damaged or missing`,
    held: (count: number) => `${formatCount(count)} held back`,
  } satisfies Record<WithheldCause, (count: number) => string>,
  namesKept: 'names kept',
  namesRemoved: 'names removed',
  siteHint: 'Sender, device, UID, day sent or receipt',
  patientHint: 'Patient, sender, day sent, receipt or UID',
  decideThere: 'This must be decided on the device that sent the study.',
  senderDecides: 'The sender must decide this on the device that sent the study.',

  /**
   * The places on the track of a study that is not on this device, where nobody knows whether its sender still has it.
   */
  placesElsewhere: { ...queueWords.places, device: 'not at the gateway yet' } satisfies Record<Place, string>,
  placesOfSender: {
    ...queueWords.places,
    device: 'not at the gateway yet',
    'needs-you': 'to decide',
  } satisfies Record<Place, string>,

  /** Names one send of a study that was sent in several. */
  send: (nth: number, of: number) => `Upload ${nth} of ${of}`,
  inSends: (sends: number) => `${formatCount(sends)} uploads of this study`,
  /** The counts beside it are of that send only. */
  oneOf: (sends: number) => `one of ${formatCount(sends)} uploads of this study`,
  expand: (name: string) => `Details: ${name}`,
  count: (count: number) => images(count),
  /** Part of the heading of a section. */
  studiesIn: (count: number) => studies(count),
  sentWhen: (when: string) => `sent ${when}`,
  where: {
    needsYou: (count: number) => `${formatCount(count)} to decide`,
    needsSender: NEEDS_DECISION,
    inPacs: 'In the PACS',
    notIn: (names: readonly string[]) => `In the PACS, not in ${names.join(', ')}`,
    leftOut: 'Left out by a person',
    noneInPacs: 'None in the PACS',
    firstOnly: 'In the first PACS only',
    partlyInPacs: (inPacs: number, total: number) =>
      `${formatCount(inPacs)} of ${formatCount(total)} in the PACS`,
    gateway: 'At the gateway',
    way: 'On its way',
    device: 'On this device',
    notYet: 'Not at the gateway yet',
    waiting: 'Waiting',
    paused: 'Paused',
    reading: 'Being read',
    film: 'Repeat the film?',
  },

  select: 'Select',
  selectDone: 'Done',
  selectAll: 'Select all',
  selectNone: 'Select none',
  selected: (count: number) => `${formatCount(count)} selected`,
  selectOf: (name: string) => `Select: ${name}`,
  actions: 'Selected studies',
  pause: 'Pause',
  resume: 'Resume',
  cancel: (count: number) => `Cancel sending ${studies(count)}`,
  namesOf: (names: readonly string[], more: number) =>
    more === 0 ? names.join('; ') : `${names.join('; ')} and ${formatCount(more)} more`,
  cancelSheet: {
    title: (count: number) =>
      count === 1 ? 'Cancel sending this study?' : `Cancel sending ${studies(count)}?`,
    what: 'Images not yet in the PACS will not be sent. The copies on this device are deleted. Your files, disc or folder are not changed.',
    onStick:
      'Some of the studies were also saved in a file for a USB stick. Delete that file too. Otherwise, they can still be sent from it.',
    no: 'Keep sending',
    notReached: 'The gateway rejected the cancellation. Pause the studies, or try again in a moment.',
  },
  notCancelled: (count: number, why: string) => `${studies(count)} not cancelled. ${why}`,
  save: 'Save for a USB stick',
  carry: 'No network at this place at all? Your IT staff can send waiting studies from another computer.',
  remove: (count: number) => `Remove ${formatCount(count)} from list`,
  removeAll: (count: number) => `Remove all ${formatCount(count)} from list`,
  pauseAll: 'Pause all',
  resumeAll: 'Resume all',
  removed: (count: number) => `${studies(count)} removed from the list`,
  removedWhat: 'Nothing is deleted in the PACS, and the receipts are kept.',
  hidden: (count: number) => `${studies(count)} removed from this list`,
  hiddenMatch: (count: number) =>
    `${counted(count, 'matching study was', 'matching studies were')} removed from this list`,
  showHidden: (count: number) => (count === 1 ? 'Show it' : 'Show them'),
  putAllBack: (count: number) => (count === 1 ? 'Put it back' : `Put all ${formatCount(count)} back`),
  undo: 'Undo',
  hideNotice: 'Close this message',

  check: 'Check a receipt',
};
