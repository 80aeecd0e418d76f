/** The words of the page of modalities. */
import { none } from '../kit/none.ts';
import type { DimseRefusal } from '#shared/protocol/dimse-peer.ts';
import { sendingReasonWords } from '../kit/sending-reason-words.ts';

export type PeerField = 'name' | 'aeTitle' | 'addresses' | 'accountId' | 'policy' | 'reason';

export const dimsePeerWords = {
  intro:
    'A modality on this list stores into the gateway over DIMSE. Its studies go under its policy, for its account.',
  off: {
    title: 'The gateway does not listen for DIMSE',
    what: 'Set RELAY_DIMSE_PORT on the gateway, usually to 11112, and RELAY_DIMSE_HOST to its address in the network of the modalities. Then restart it.',
  },
  onLoopback: {
    title: 'Only programs on the gateway’s own machine reach it',
    what: 'Set RELAY_DIMSE_HOST on the gateway to its address in the network of the modalities, and restart it.',
  },
  enter: 'What to enter on the modality',
  aeTitle: 'AE title',
  host: 'Host',
  everyAddress: 'an address of the gateway’s machine',
  port: 'Port',
  tls: 'TLS',
  tlsOf: {
    none: 'Off',
    server: 'On, without a certificate of the modality',
    mutual: 'On, with a certificate of the modality',
  },
  inClearText:
    'Associations are not encrypted. Keep modalities and gateway in a network of their own, or set RELAY_DIMSE_TLS_CERT.',
  add: 'Add a modality',
  of: (action: string, name: string) => `${action} ${name}`,
  none: none('No modality may store yet.'),
  from: (addresses: readonly string[]) => `from ${addresses.join(', ')}`,
  under: (policy: string, username: string) => `under ${policy}, for ${username}`,
  accountEnded: (username: string) => ({
    title: `${username} is disabled: nothing is taken from it.`,
    what: `Choose another account, or enable ${username} under Accounts.`,
  }),
  policyEnded: (policy: string, username: string) => ({
    title: `${username} may not send under ${policy}: nothing is taken from it.`,
    what: `The policy was withdrawn, now asks for a reason, or is not for the roles of ${username}: choose another account or policy, or press Change to give a reason.`,
  }),
  chooseAccount: 'Choose another account',
  chooseAccountOf: (name: string) => `Choose another account for ${name}`,
  neverSeen: 'It has not called yet.',
  lastSeen: (when: string) => `Last called ${when}`,
  taken: (count: number) =>
    count === 1
      ? '1 instance taken in seven days'
      : `${count.toLocaleString('en')} instances taken in seven days`,
  notTaken: (count: number, why: string) =>
    `${count === 1 ? '1 instance was' : `${count.toLocaleString('en')} instances were`} not taken: ${why}`,
  waiting: (count: number) => (count === 1 ? '1 transfer is waiting.' : `${count} transfers are waiting.`),
  change: 'Change',
  remove: 'Delete',
  askRemove: (name: string) => ({
    title: 'Delete this modality?',
    about: name,
    what: 'The gateway refuses it from now on. Images that it has already stored are still sent to the PACS.',
    yes: 'Delete',
    no: 'Keep it',
  }),
  refused: 'Refused lately',
  refusedWhat: 'Check what the modality says of itself against this list.',
  refusals: {
    'calling-ae': 'No modality here has this AE title.',
    address: 'The modality with this AE title calls from another address.',
    'called-ae': 'It calls the gateway by another AE title.',
    'account-ended': 'The account of the modality is disabled.',
    policy: 'The policy of the modality is withdrawn, or is not for its account.',
    'too-many': 'As many transfers as there may be were under way.',
    'no-dicom': 'It speaks another protocol than DICOM.',
  } satisfies Record<DimseRefusal, string>,
  calls: (callingAE: string, calledAE: string, address: string) =>
    `${callingAE} at ${address} called ${calledAE}`,
  form: {
    add: 'Add a modality',
    change: (name: string) => `Change ${name}`,
    name: 'Name',
    nameHint: 'For example: CT in room 2',
    aeTitle: 'Its AE title',
    aeTitleWhat: 'As the modality sends it, upper and lower case included.',
    addresses: 'Its addresses',
    addressesWhat: 'Separate them with commas. A block is written 10.1.5.0/24.',
    account: 'Account',
    noAccount: 'Choose an account',
    accountWhat: 'Its studies are this account’s. Give each department an account of its own.',
    policy: 'Policy',
    noPolicy: 'Choose a policy',
    reason: 'Why names are kept',
    noReason: 'The policy does not ask',
    reasons: sendingReasonWords,
    mistakes: {
      name: 'Enter a name.',
      aeTitle: 'Enter an AE title of at most 16 characters.',
      addresses: 'Enter IP addresses, or blocks of them, separated by commas.',
      accountId: 'Choose an account.',
      policy: 'Choose a policy.',
      reason: 'Choose a reason.',
    } satisfies Record<PeerField, string>,
  },
} as const;
