/** The words of the page API keys. */
import { none } from '../kit/none.ts';
import type { ApiKeyScope, ApiKeyState } from '#shared/protocol/api-key.ts';

export const apiKeysWords = {
  intro:
    'An API key lets a script or a PACS use one account without signing in. It can do only what both the account’s roles and the key’s permissions allow.',
  make: 'New key',
  name: 'Purpose',
  nameHint: 'For example: nightly CT export',
  account: 'Account',
  accountHint: 'Use a separate account with one role for each script.',
  noAccount: 'Choose an account',
  scopes: 'Permissions',
  scopeNames: {
    upload: 'Send studies and track what the account sent',
    read: 'Read what the account may see: uploads and receipts, and patients’ names and images by DICOMweb',
    metrics: 'Read gateway metrics',
  } satisfies Record<ApiKeyScope, string>,
  policy: 'Policy for sending',
  usualPolicy: (name: string) => `The gateway’s default (${name})`,
  policyHint:
    'Used for files and store requests that do not specify a policy. “identified” keeps names. “deidentified” replaces them with pseudonyms.',
  sendsUnder: (name: string) => `policy: ${name}`,
  ends: 'Expires after',
  endsOn: (when: string) => `If you create it now, it expires on ${when}.`,
  expiresIn: (days: number) =>
    days === 0 ? 'expires in less than a day' : `expires in ${days === 1 ? '1 day' : `${days} days`}`,
  addresses: 'Addresses for scripts',
  addressesWhat:
    'Scripts must send the key in the header “Authorization: Bearer rk_…”. Press an address to copy it.',
  addressNames: {
    '/upload/files':
      'Send files by tus. The metadata must contain filename, and can contain policy and reason',
    '/upload/ID/status':
      'Get the status of a file, including refused files. ID is the last part of its tus address. Successful responses to POST, HEAD and PATCH contain this address in the Link header',
    '/dicom-web/studies': 'Store, search and retrieve by DICOMweb',
    '/metrics': 'Gateway metrics',
  },
  days: { 30: '30 days', 90: '90 days', 365: '1 year', 730: '2 years' },
  submit: 'Create key',
  submitting: 'Creating the key…',
  incomplete: 'Enter a purpose, choose an account and select at least one permission.',
  made: (name: string) => `The key “${name}” is ready`,
  madeWhat:
    'Copy it now and store it where the script keeps its secrets. It cannot be shown again, here or at the gateway.',
  list: 'Active keys',
  ended: 'Keys that no longer work',
  more: 'Show older keys',
  none: none('There are no active keys.'),
  noneEnded: none('There are no keys that no longer work.'),
  states: {
    active: 'Active',
    expired: 'Expired',
    revoked: 'Revoked',
    'account-ended': 'Ended with the account’s sessions',
  } satisfies Record<ApiKeyState, string>,
  accountEnded:
    'The account was disabled, got a new password or was signed out everywhere. Create a new key if the script is still needed.',
  of: (username: string) => `for ${username}`,
  madeBy: (username: string, when: string) => `created by ${username}, ${when}`,
  until: (when: string) => `until ${when}`,
  lastUsed: (when: string) => `last used ${when}`,
  neverUsed: 'never used',
  revoke: 'Revoke',
  ask: (name: string) => ({
    title: 'Revoke this key?',
    about: name,
    what: 'The gateway immediately refuses all programs that use this key and stops their uploads. You cannot undo this.',
    yes: 'Revoke',
    no: 'Keep the key',
  }),
} as const;
