/** The words of the page Vault. */
import type { Vault, VaultReason, VaultRequest } from '#shared/protocol/vault.ts';
import { counted } from '../kit/counted.ts';
import { none } from '../kit/none.ts';

export const vaultWords = {
  intro:
    'The vault keeps the identities behind pseudonyms, sealed. Two people open one together; nobody can alone, and the gateway never can.',
  none: none('This site has no vault.'),
  noneWhat:
    'Without one, nobody can find out later who a pseudonym belongs to, for example after an incidental finding. Only studies sent after it was made are in it.',
  steps: [
    'Choose two people who answer for it. Each of them makes one half of its key.',
    'From then on devices leave a sealed identity for each patient whose name is removed.',
    'To open one, one of the two asks and the other approves.',
  ],
  make: 'Make a vault',
  title: (holders: readonly string[]) => `Vault of ${holders.join(' and ')}`,
  states: {
    waiting: 'Waits for the halves of its key',
    open: 'Takes identities',
    closed: 'Closed: takes no more identities',
  } satisfies Record<Vault['state'], string>,
  counts: (entries: number, patients: number) =>
    `${counted(entries, 'entry', 'entries')} of ${counted(patients, 'patient', 'patients')}`,
  made: (when: string) => `made ${when}`,
  closedAt: (when: string) => `closed ${when}`,
  half: (name: string) => `${name} has brought a half.`,
  noHalf: (name: string) => `${name} has not brought a half yet. On their own machine, ${name} runs:`,
  passphrase:
    'Each command needs RELAY_PASSWORD, the password of the account; half.json is the file of that person’s half, and RELAY_VAULT_PASSPHRASE (at least 12 characters) opens it. Keep both apart.',
  ask: (reasons: readonly string[]) =>
    `To ask for an identity, one of the two runs this with the pseudonym and one of the reasons ${reasons.join(', ')}:`,
  close: 'Close',
  delete: 'Delete',
  of: (action: string, title: string) => `${action}: ${title}`,
  askClose: (title: string) => ({
    title: 'Close this vault?',
    about: title,
    what: 'Devices leave no more identities in it, and this cannot be undone. Its two holders can still open those that are in it. You can then make another vault.',
    yes: 'Close',
    no: 'Keep it open',
  }),
  askDelete: (title: string, patients: number) => ({
    title: 'Delete this vault?',
    about: title,
    what: `The identities of ${counted(patients, 'patient', 'patients')} are lost: nobody can ever open them again. Its requests are deleted too.`,
    yes: 'Delete',
    no: 'Keep it',
  }),
  requests: 'Requests to open an identity',
  noRequests: none('Nobody has asked for an identity.'),
  reasons: {
    'incidental-finding': 'Incidental finding',
    'patient-safety': 'Safety of the patient',
    'patient-request': 'Requested by the patient',
    'withdrawn-consent': 'Consent withdrawn',
    'data-error': 'Error in the data',
    'legal-order': 'Order of a court or an authority',
  } satisfies Record<VaultReason, string>,
  requestStates: {
    asked: 'Asked',
    approved: 'Approved',
    refused: 'Refused',
    expired: 'Expired',
  } satisfies Record<VaultRequest['state'], string>,
  opened: (when: string) => `opened ${when}`,
  notOpened: 'not opened',
  asked: (by: string, when: string) => `${by} asked ${when}`,
  until: (when: string) => `until ${when}`,
  answeredBy: (name: string) => `to be answered by ${name}`,
  approve: (name: string) => `To approve, ${name} runs:`,
  open: (name: string) => `To open it, ${name} runs:`,
  refuse: 'Refuse',
  end: 'End',
  takeBack: 'Take back',
  askRefuse: (pseudonym: string) => ({
    title: 'End this request?',
    about: pseudonym,
    what: 'Nothing can be opened by it any more. Whoever still needs the identity must ask again.',
    yes: 'End it',
    no: 'Keep it',
  }),
  makeSheet: {
    what: 'Both need accounts of their own, and neither may be a researcher. Choose people who do not share a password.',
    holders: { first: 'One holder', second: 'The other holder' },
    choose: 'Choose an account',
    missing: 'Choose an account.',
    same: 'Choose another account: two people must hold the halves.',
    submit: 'Make a vault',
    submitting: 'Making it…',
  },
} as const;
