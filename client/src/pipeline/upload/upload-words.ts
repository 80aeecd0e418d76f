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
    `A person decided that ${name} does not need all of this study. If it is needed there after all, an administrator must change this.`,
  arrivedWhen: (count: number, when: string) => `${images(count)}, confirmed ${when}`,
  notFromHere: (count: number) =>
    `${images(count)} in the PACS came from elsewhere: sent before, sent from another device, or added by models`,
  leftOutTitle: 'Left out by a person',
  /** For destinations about which somebody still has to decide. */
  noneTitle: 'Not in the PACS',
  firstOnlyTitle: (names: readonly string[]) => `In the first PACS, but not in ${names.join(', ')}`,
  noneWhen: (when: string) => `None of the images sent from here are in the PACS (${when})`,
  othersInPacs: (count: number) =>
    `The PACS has ${images(count)} of this study from elsewhere: sent before, sent from another device, or added by models`,
  record: 'Record of the decision',
  recordWhat: 'One page that shows what was left out and when. Its code can be checked without this gateway.',
  proofs: {
    found: (count: number) => `Checked: the PACS lists ${images(count)}`,
    digest: (count: number) => `${images(count)} in the PACS with the same digest as when sent`,
    'read-back': (count: number) => `${images(count)} read back from the PACS and compared byte for byte`,
    committed: (count: number) => `${images(count)} that the PACS promised to keep`,
  },
  provenSigned: 'The receipt’s signature was checked on this device',
  alreadyThere: (count: number) => `${images(count)} already in the PACS before`,
  coerced: (count: number) => `${images(count)} changed by the PACS when stored`,
  pacsReason: (count: number, { code, says, remedy }: PacsReason) =>
    `${images(count)} with code ${code}: ${says} ${remedy}`,
  heldHere: (count: number, total: number) =>
    `${formatCount(count)} of ${images(total)} ${count === 1 ? 'is' : 'are'} held back on this device.`,
  heldHereWhat: 'They are not in the PACS until you decide.',
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
    first: 'The first PACS has the missing images.',
    others: (count: number) =>
      count === 1 ? 'The other one is in the PACS.' : `The other ${formatCount(count)} are in the PACS.`,
    leaveOut: (count: number) => (count === 1 ? 'Leave it out' : `Leave ${formatCount(count)} out`),
    /** Leads to the list of decisions, which has the pictures and all options. */
    compare: 'Compare both images',
    retry: (count: number) => (count === 1 ? 'Try it again' : `Try ${formatCount(count)} again`),
    /** The button for images whose ID belongs to another image. */
    askPacs: 'Try storing again',
    confirmTitle: (count: number) => `Leave ${images(count)} out?`,
    confirmWhat: (count: number, destination?: string) =>
      `${count === 1 ? 'It' : 'They'} will not be in ${destination ?? 'the PACS'}, and the copy on this device is deleted. ` +
      (destination === undefined ? '' : 'The first PACS keeps what it has. ') +
      'Your files, disc or folder are not changed. The receipt records that a person decided this.',
    confirmNo: 'Decide later',
    unknownReason: 'The gateway gave a reason that this page does not recognize.',
    unknownNext: 'Reload the page. If the message remains, an administrator needs the code.',
    notReached: 'The gateway could not be reached, so your decision was not saved. Try again in a moment.',
  },
  receipt: 'Receipt',
  recordOf: (name: string) => `Record of the decision: ${name}`,
  receiptOf: (name: string) => `Receipt: ${name}`,
  sheet: {
    title: 'Receipt',
    what: 'One page that shows what is in the PACS, since when, and how this was proven. Its code can be checked without this gateway.',
    notOnIt: 'These files are not on the receipt, because the gateway does not know about them.',
    open: 'Open and print',
    save: 'Save as PDF',
    saveSigned: 'Save the signed file',
    unreachable: 'The gateway is not responding, so the page cannot be created now.',
    keptHere: 'The signed receipt is stored on this device. You can save that file instead.',
  },
  receiptWhat: 'A signed statement of what is in the PACS. It can be checked without this gateway.',
  codeWhat: 'To check this page, open Studies in the app and choose “Check a receipt”.',
  verifyWhat:
    'Or use this command on any computer with RelayPACS. FILE is the PDF, the signed file or the text of the code:',
  deidentifiedBy: (edition: string, options: readonly string[]) =>
    `PS3.15 of ${edition}, Basic Profile${options.length === 0 ? '' : ` with ${options.join(', ')}`}`,
  /** `by`: editions with their options; empty if the device did not report them. */
  deidentified(by: readonly string[], reports: number, named: number, withoutResidue: number) {
    if (by.length === 0) return `Names removed; the gateway checked ${images(withoutResidue)}`;
    const twice = withoutResidue === named ? 'checked twice' : `${formatCount(withoutResidue)} checked twice`;
    return `Names removed from ${images(named)}, ${twice} (${by.join(' and ')}; ${counted(reports, 'report', 'reports')})`;
  },
  covered: (count: number) => `A person covered parts of ${images(count)}`,
  released: (count: number) => `${images(count)} checked and released by a person`,
  receiptLoading: 'Loading the receipt…',
  receiptNotYet: 'The receipt is issued when the PACS has confirmed every image.',
  print: 'Print',
  instanceList: (count: number) => `Show ${images(count)}`,
  instancesErased: 'The list was erased from this device. The receipt lists every image.',
  /** Shown below the list, because nothing else is known about these instances. */
  withheld: {
    'left-out': (count: number) => `${images(count)} left out by a person, and not sent`,
    ...leftOutWords((count: number) => `${images(count)} left out, and not sent`),
    damaged: (count: number) => `${images(count)} damaged or missing on the disc, and not sent`,
    held: (count: number) => `${images(count)} held back on this device until you decide`,
  } satisfies Record<WithheldCause, (count: number) => string>,
  /** Replaces the state if the PACS has other content under its UID. */
  otherStands: 'not stored: the PACS keeps the first one',
  states: {
    safe: 'on this device',
    sent: 'at the gateway',
    promised: 'not arrived yet',
    received: 'at the gateway',
    posting: 'at the gateway',
    posted: 'at the gateway',
    stored: 'in the PACS',
    coerced: 'in the PACS, with changes',
    'already-stored': 'already in the PACS',
    refused: 'refused',
    quarantined: 'waiting for your decision',
    'left-out': 'left out',
  },
  details: {
    studyInstanceUID: 'Study Instance UID',
    revision: 'Revision',
    policy: 'Policy',
    deidentification: 'De-identification',
    pacs: 'PACS',
    firstOnly: 'Missing from some destinations',
    proof: 'How it was proven',
    further: (name: string) => `Also in ${name}`,
    there: (there: number, of: number, asPromised: number) =>
      `${there} of ${of}, ${asPromised} with the expected digest`,
    unfinished: 'Not complete there when the receipt was signed',
    coerced: (names: string) => `a rule changed ${names} for this destination`,
    givenUp: (when: string) => `given up by an administrator, ${when}`,
    confirmed: 'Confirmed',
    issued: 'Issued',
    receiptId: 'Receipt',
    root: 'Fingerprint of the image list (SHA-256)',
    code: 'Signed code of this receipt',
    instances: 'Images',
    issuer: 'Gateway',
    sopInstanceUID: 'SOP Instance UID',
    state: 'Where it is',
  },
};
