/** The texts about one study, the decisions about it, and its receipt. */
import type { PacsReason } from '#shared/protocol/pacs-reasons.ts';
import type { WithheldCause } from '#shared/protocol/withheld.ts';
import { counted, images, toDecide } from '../../kit/counted.ts';
import { formatCount } from '../../kit/format.ts';
import { leftOutWords } from '../../kit/left-out-words.ts';

export const uploadWords = {
  missing: 'This study is not on this device.',
  missingWhat: 'It may have been queued by another user, on another device, or in another browser.',
  back: 'Studies',
  loading: 'Reading the study…',
  arrivedTitle: 'In the PACS',
  /** For destinations that somebody decided need not have the study. */
  notInTitle: (names: readonly string[]) => `In the PACS, but not in ${names.join(', ')}`,
  givenUpThere: (name: string) =>
    `Somebody decided that ${name} need not have all of this study. If it is needed there after all, an administrator must see to it.`,
  arrivedWhen: (count: number, when: string) => `${images(count)}, confirmed ${when}`,
  notFromHere: (count: number) =>
    `${images(count)} of them came another way: sent before, from another device, or results of models`,
  leftOutTitle: 'Left out by a person',
  /** For destinations about which somebody still has to decide. */
  noneTitle: 'Not in the PACS',
  firstOnlyTitle: (names: readonly string[]) => `In the first PACS, but not in ${names.join(', ')}`,
  noneWhen: (when: string) => `Nothing of what was sent here is in the PACS (${when})`,
  othersInPacs: (count: number) =>
    `The PACS has ${images(count)} of this study that came another way: sent before, from another device, or results of models`,
  record: 'Record of the decision',
  recordWhat: 'One page that says what was left out and when. Its code can be checked without this gateway.',
  proofs: {
    found: (count: number) => `Checked: the PACS lists ${images(count)}`,
    digest: (count: number) =>
      `${images(count)} in the PACS with the same digest as the bytes that were sent`,
    'read-back': (count: number) => `${images(count)} read back from the PACS and compared byte for byte`,
    committed: (count: number) => `${images(count)} that the PACS promised to keep`,
  },
  provenSigned: 'The receipt’s signature was checked on this device',
  alreadyThere: (count: number) => `${images(count)} already there before`,
  coerced: (count: number) => `${images(count)} stored with changes that the PACS made`,
  pacsReason: (count: number, { code, says, remedy }: PacsReason) =>
    `${images(count)} with code ${code}: ${says} ${remedy}`,
  heldHere: (count: number, total: number) =>
    `${formatCount(count)} of ${images(total)} ${count === 1 ? 'is' : 'are'} held back on this device.`,
  heldHereWhat: 'Nobody sees them in the PACS until you decide.',
  /** Shown on the completion page and next to the receipt, which lists only what reached the gateway. */
  stayed: (count: number) => `${images(count)} held back on this device: not in the PACS until you decide`,
  undecided: (count: number, why: string) => `${toDecide(count)}. ${why}`,
  damagedHere: (count: number) => `${images(count)} damaged or missing on the disc: not in the PACS`,
  leftOutHere: (count: number) => `${images(count)} left out: not in the PACS`,
  sendAnother: 'Send another study',
  decide: {
    sentence: (count: number, total: number) =>
      `${formatCount(count)} of ${images(total)} ${count === 1 ? 'is' : 'are'} not in the PACS.`,
    /** For instances that the first destination has. */
    sentenceAt: (count: number, total: number, destination: string) =>
      `${formatCount(count)} of ${images(total)} ${count === 1 ? 'is' : 'are'} not in ${destination}.`,
    first: 'The first PACS has what is missing there.',
    others: (count: number) =>
      count === 1 ? 'The other one is in the PACS.' : `The other ${formatCount(count)} are in the PACS.`,
    leaveOut: (count: number) => (count === 1 ? 'Leave it out' : `Leave ${formatCount(count)} out`),
    /** Leads to the list of decisions, which has the pictures and all options. */
    compare: 'Compare both images',
    retry: (count: number) => (count === 1 ? 'Try it again' : `Try ${formatCount(count)} again`),
    /** The button for images whose ID belongs to another image. */
    askPacs: 'Ask the PACS again',
    confirmTitle: (count: number) => `Leave ${images(count)} out?`,
    confirmWhat: (count: number, destination?: string) =>
      `${count === 1 ? 'It' : 'They'} will not be in ${destination ?? 'the PACS'} and this device deletes its copy. ` +
      (destination === undefined ? '' : 'The first PACS keeps what it has. ') +
      'Your files, disc or folder stay as they are. The receipt records that a person decided this.',
    confirmNo: 'Do not leave out',
    unknownReason: 'The gateway gives a reason that this page does not know.',
    unknownNext: 'Reload the page. If the reason stays, an administrator needs the code.',
    notReached: 'The gateway could not be reached, so nothing was decided. Try again in a moment.',
  },
  receipt: 'Receipt',
  recordOf: (name: string) => `Record of the decision: ${name}`,
  receiptOf: (name: string) => `Receipt: ${name}`,
  sheet: {
    title: 'Receipt',
    what: 'One page that says what is in the PACS, since when and how it was proven. Its code can be checked without this gateway.',
    notOnIt: 'The page does not say this: the gateway knows nothing of these files.',
    open: 'Open and print',
    save: 'Save as PDF',
    saveSigned: 'Save the signed file',
    unreachable: 'The gateway does not answer, so the page cannot be made now.',
    keptHere: 'The signed receipt is kept on this device: you can save that file.',
  },
  receiptWhat: 'A signed statement of what the PACS holds. It can be checked without this gateway.',
  codeWhat: 'To check this page, open Studies in the app and choose “Check a receipt”.',
  verifyWhat:
    'Or, on any computer that has RelayPACS, with the PDF, the signed file or the text of the code as FILE:',
  deidentifiedBy: (edition: string, options: readonly string[]) =>
    `PS3.15 of ${edition}, Basic Profile${options.length === 0 ? '' : ` with ${options.join(', ')}`}`,
  /** `by`: editions with their options; empty if the device did not report them. */
  deidentified(by: readonly string[], reports: number, named: number, withoutResidue: number) {
    if (by.length === 0) return `Names removed; the gateway checked ${images(withoutResidue)}`;
    const twice = withoutResidue === named ? 'checked twice' : `${formatCount(withoutResidue)} checked twice`;
    return `Names removed from ${images(named)}, ${twice} (${by.join(' and ')}; ${counted(reports, 'report', 'reports')})`;
  },
  covered: (count: number) => `Places in ${images(count)} were covered by a person`,
  released: (count: number) => `${images(count)} released by a person who looked`,
  receiptLoading: 'Fetching the receipt…',
  receiptNotYet: 'The receipt follows once the PACS has confirmed every image.',
  print: 'Print',
  instanceList: (count: number) => `Show ${images(count)}`,
  instancesErased: 'The list was erased from this device. The receipt names every image.',
  /** Shown below the list, because nothing else is known about these instances. */
  withheld: {
    'left-out': (count: number) => `${images(count)} left out by a person, and not sent`,
    ...leftOutWords((count: number) => `${images(count)} left out, and not sent`),
    damaged: (count: number) => `${images(count)} damaged or missing on the disc, and not sent`,
    held: (count: number) => `${images(count)} held back on this device until you decide`,
  } satisfies Record<WithheldCause, (count: number) => string>,
  /** Replaces the state if the PACS has other content under its UID. */
  otherStands: 'not stored: the first one is in the PACS',
  states: {
    safe: 'on this device',
    sent: 'at the gateway',
    promised: 'not arrived yet',
    received: 'at the gateway',
    posting: 'at the gateway',
    posted: 'at the gateway',
    stored: 'in the PACS',
    coerced: 'in the PACS, with changes',
    'already-stored': 'in the PACS before',
    refused: 'refused',
    quarantined: 'held until you decide',
    'left-out': 'left out',
  },
  details: {
    studyInstanceUID: 'Study Instance UID',
    revision: 'Revision',
    policy: 'Policy',
    deidentification: 'De-identification',
    pacs: 'PACS',
    firstOnly: 'Not everywhere',
    proof: 'How it was proven',
    further: (name: string) => `Also in ${name}`,
    there: (there: number, of: number, asPromised: number) =>
      `${there} of ${of}, ${asPromised} with the promised digest`,
    unfinished: 'Not finished there when this was signed',
    coerced: (names: string) => `a rule changed ${names} there`,
    givenUp: (when: string) => `given up by an administrator, ${when}`,
    confirmed: 'Confirmed',
    issued: 'Issued',
    receiptId: 'Receipt',
    root: 'Root of the list (SHA-256)',
    code: 'Signed code of this receipt',
    instances: 'Images',
    issuer: 'Gateway',
    sopInstanceUID: 'SOP Instance UID',
    state: 'Where it is',
  },
};
