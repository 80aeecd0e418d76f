/** The words of the page API keys. */
import { none } from '../kit/none.ts';
import type { ApiKeyScope, ApiKeyState } from '#shared/protocol/api-key.ts';

export const apiKeysWords = {
  intro:
    'A key lets a script or a PACS act for one account, without a person who signs in. It can do what both the account’s roles and the key’s own rights allow.',
  make: 'New key',
  name: 'What it is for',
  nameHint: 'For example: night export of the CT',
  account: 'Account',
  accountHint: 'Give each script an account of its own, with one role.',
  noAccount: 'Choose an account',
  scopes: 'It may',
  scopeNames: {
    upload: 'Send studies, and follow what the account sent',
    read: 'Read what the account may see: uploads, receipts, and by DICOMweb patients’ names and images',
    metrics: 'Read how busy the gateway is',
  } satisfies Record<ApiKeyScope, string>,
  policy: 'It sends under',
  usualPolicy: (name: string) => `The gateway’s default (${name})`,
  policyHint:
    'For files and store requests that name no policy themselves. Under “identified” names stay, under “deidentified” they become pseudonyms.',
  sendsUnder: (name: string) => `sends under ${name}`,
  ends: 'It ends after',
  endsOn: (when: string) => `Made now, it ends on ${when}.`,
  expiresIn: (days: number) =>
    days === 0 ? 'expires in less than a day' : `expires in ${days === 1 ? '1 day' : `${days} days`}`,
  addresses: 'Addresses for scripts',
  addressesWhat:
    'A script sends its key in the header “Authorization: Bearer rk_…”. Press an address to copy it.',
  addressNames: {
    '/upload/files':
      'Send files, by tus: its metadata must have the field filename, and may have policy and reason',
    '/upload/ID/status':
      'What became of a file, refused ones too: ID is the last part of the address that tus got, and each successful answer to POST, HEAD and PATCH has this address in its header Link',
    '/dicom-web/studies': 'Store, search and retrieve, by DICOMweb',
    '/metrics': 'How busy the gateway is',
  },
  days: { 30: '30 days', 90: '90 days', 365: '1 year', 730: '2 years' },
  submit: 'Make the key',
  submitting: 'Making the key…',
  incomplete: 'Say what the key is for, choose an account, and allow at least one thing.',
  made: (name: string) => `The key “${name}” is ready`,
  madeWhat:
    'Copy it now, to where the script keeps its secrets. Nobody can see it again, here or at the gateway.',
  list: 'Keys',
  ended: 'Keys that have ended',
  more: 'Show older keys',
  none: none('There is no key that works.'),
  noneEnded: none('No key has ended yet.'),
  states: {
    active: 'Active',
    expired: 'Expired',
    revoked: 'Revoked',
    'account-ended': 'Ended with its account',
  } satisfies Record<ApiKeyState, string>,
  accountEnded:
    'The account was disabled, got a new password or was signed out everywhere. Make a new key if the script is still needed.',
  of: (username: string) => `for ${username}`,
  madeBy: (username: string, when: string) => `made by ${username}, ${when}`,
  until: (when: string) => `until ${when}`,
  lastUsed: (when: string) => `last used ${when}`,
  neverUsed: 'never used',
  revoke: 'Revoke',
  ask: (name: string) => ({
    title: 'Revoke this key?',
    about: name,
    what: 'The gateway refuses every program that uses it at once, and cuts off an upload under way. You cannot undo this.',
    yes: 'Revoke',
    no: 'Keep the key',
  }),
} as const;
