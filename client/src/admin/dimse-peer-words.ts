/** The words of the page of modalities. */
import { none } from '../kit/none.ts';
import type { DimseRefusal } from '#shared/protocol/dimse-peer.ts';
import { sendingReasonWords } from '../kit/sending-reason-words.ts';

export type PeerField = 'name' | 'aeTitle' | 'addresses' | 'accountId' | 'policy' | 'reason';

export const dimsePeerWords = {
  intro:
    'Modalities in this list can send studies to the gateway by DIMSE. Each uses the policy and account set here.',
  off: {
    title: 'The gateway does not listen for DIMSE',
    what: 'Set RELAY_DIMSE_PORT on the gateway, usually to 11112, and RELAY_DIMSE_HOST to its address in the network of the modalities. Then restart it.',
  },
  onLoopback: {
    title: 'Only programs on the gateway’s own machine can connect',
    what: 'Set RELAY_DIMSE_HOST on the gateway to its address in the network of the modalities, and restart it.',
  },
  enter: 'What to enter on the modality',
  aeTitle: 'AE title',
  host: 'Host',
  everyAddress: 'any address of the gateway’s machine',
  port: 'Port',
  tls: 'TLS',
  tlsOf: {
    none: 'Off',
    server: 'On, without a certificate of the modality',
    mutual: 'On, with a certificate of the modality',
  },
  inClearText:
    'Connections are not encrypted. Keep modalities and gateway in a separate network, or set RELAY_DIMSE_TLS_CERT.',
  add: 'Add a modality',
  of: (action: string, name: string) => `${action} ${name}`,
  none: none('No modality can send to the gateway yet.'),
  from: (addresses: readonly string[]) => `from ${addresses.join(', ')}`,
  under: (policy: string, username: string) => `policy ${policy}, account ${username}`,
  accountEnded: (username: string) => ({
    title: `${username} is disabled, so nothing is accepted from this modality.`,
    what: `Choose another account, or enable ${username} under Accounts.`,
  }),
  policyEnded: (policy: string, username: string) => ({
    title: `${username} may not send with policy ${policy}, so nothing is accepted from this modality.`,
    what: `The policy was withdrawn, requires a reason, or does not allow the roles of ${username}. Choose another account or policy, or press Edit to add a reason.`,
  }),
  chooseAccount: 'Choose another account',
  chooseAccountOf: (name: string) => `Choose another account for ${name}`,
  neverSeen: 'It has not connected yet.',
  lastSeen: (when: string) => `Last connected ${when}`,
  taken: (count: number) =>
    count === 1
      ? '1 instance accepted in the last 7 days'
      : `${count.toLocaleString('en')} instances accepted in the last 7 days`,
  notTaken: (count: number, why: string) =>
    `${count === 1 ? '1 instance was' : `${count.toLocaleString('en')} instances were`} not accepted: ${why}`,
  waiting: (count: number) => (count === 1 ? '1 transfer is waiting.' : `${count} transfers are waiting.`),
  change: 'Edit',
  remove: 'Delete',
  askRemove: (name: string) => ({
    title: 'Delete this modality?',
    about: name,
    what: 'The gateway will no longer accept its images. Images that it has already accepted are still sent to the PACS.',
    yes: 'Delete',
    no: 'Keep it',
  }),
  refused: 'Recently refused connections',
  refusedWhat: 'Compare the settings on the modality with this page.',
  refusals: {
    'calling-ae': 'No modality in this list has this AE title.',
    address: 'The modality with this AE title connects from another address.',
    'called-ae': 'It uses the wrong AE title for the gateway.',
    'account-ended': 'The account of the modality is disabled.',
    policy: 'The policy of the modality was withdrawn, or is not allowed for its account.',
    'too-many': 'The maximum number of transfers was already running.',
    'no-dicom': 'It does not use the DICOM protocol.',
  } satisfies Record<DimseRefusal, string>,
  calls: (callingAE: string, calledAE: string, address: string) =>
    `${callingAE} at ${address} called ${calledAE}`,
  form: {
    add: 'Add a modality',
    change: (name: string) => `Edit ${name}`,
    name: 'Name',
    nameHint: 'For example: CT in room 2',
    aeTitle: 'Its AE title',
    aeTitleWhat: 'Exactly as the modality sends it, including upper and lower case.',
    addresses: 'Its addresses',
    addressesWhat: 'Separate addresses with commas. Write ranges as 10.1.5.0/24.',
    account: 'Account',
    noAccount: 'Choose an account',
    accountWhat:
      'Studies from this modality belong to this account. Use a separate account for each department.',
    policy: 'Policy',
    noPolicy: 'Choose a policy',
    reason: 'Why names are kept',
    noReason: 'Not required by the policy',
    reasons: sendingReasonWords,
    mistakes: {
      name: 'Enter a name.',
      aeTitle: 'Enter an AE title of at most 16 characters.',
      addresses: 'Enter IP addresses or ranges, separated by commas.',
      accountId: 'Choose an account.',
      policy: 'Choose a policy.',
      reason: 'Choose a reason.',
    } satisfies Record<PeerField, string>,
  },
} as const;
