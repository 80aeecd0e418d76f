/** The words of the page Accounts. */
import { none } from '../kit/none.ts';
import type { Role } from '#shared/protocol/api.ts';
import { PASSWORD_LENGTH_LIMIT } from '#shared/protocol/limits.ts';
import { counted } from '../kit/counted.ts';
import type { AccountSort } from './choose-accounts.ts';

const API_KEYS = 'API keys of this account stop working. Create new ones if scripts still need them.';

function modalitiesRefused(aeTitles: readonly string[]): string {
  const named = aeTitles.join(', ');
  const are = aeTitles.length === 1 ? `The modality ${named} is` : `The modalities ${named} are`;
  return `${are} refused until you enable the account or choose another account under Modalities.`;
}

export const accountsWords = {
  intro: 'All people who can sign in, and what their roles allow.',
  add: 'Add an account',
  list: 'Accounts',
  back: 'All accounts',
  columns: {
    name: 'Name',
    roles: 'Roles',
    state: 'State',
    lastSignIn: 'Last sign-in',
    sessions: 'Sessions',
    devices: 'Sending devices',
    created: 'Added',
  },
  never: 'Never',
  search: 'Search by name or role',
  sort: 'Sort by',
  sorts: {
    name: 'Name',
    recent: 'Last sign-in, newest first',
    unused: 'Last sign-in, longest ago first',
  } satisfies Record<AccountSort, string>,
  found: (count: number) => counted(count, 'account', 'accounts'),
  noneFound: none('No accounts match'),
  noneFoundWhat: 'Search for part of a name, or for a role such as “technician”.',
  clear: 'Clear the search',
  you: 'you',
  disabled: 'Disabled',
  disabledWhat:
    'This person can’t sign in. Studies waiting on a device stay there. To send them, enable the account. Or sign in on that device as an administrator and take them over under Studies.',
  lastSignIn: (when: string) => `Last sign-in ${when}`,
  neverSignedIn: 'Never signed in',
  sessions: (count: number) => counted(count, 'session', 'sessions'),
  devices: (count: number) => counted(count, 'sending device', 'sending devices'),
  created: (when: string) => `Added ${when}`,
  roles: 'Roles',
  rolesOf: (name: string) => `Roles of ${name}`,
  may: {
    technician: 'Sends studies and tracks them until they are in the PACS.',
    radiologist: 'Reads results, cases and reviews of the whole site. Can send studies.',
    researcher: 'Works with studies without names, models and exports. Can send studies.',
    auditor: 'Reads the audit trail and sees who sent what. Cannot see images or send studies.',
    admin: 'Sets up this site: accounts, destinations, rules. Can also send and read studies.',
  } satisfies Record<Role, string>,
  noRole: 'Choose at least one role.',
  ownAdmin:
    'So that nobody is locked out, you can’t remove your own Administrator role. Another administrator can do this.',
  rolesCount: 'New roles apply immediately, also to the API keys of this account.',
  stopsSending:
    'These roles do not allow sending. Studies waiting on this person’s devices stay there until the account gets a role that allows sending.',
  saveRoles: 'Save roles',
  own: 'To change your own password or end your own sessions, use the account menu at the top of every page.',
  newPassword: 'Set a new password',
  endSessions: 'End sessions',
  endSessionsOf: (name: string) => `End sessions of ${name}`,
  askEnd: (name: string) => ({
    title: 'End all sessions of this account?',
    about: name,
    what: `This person is signed out on every device and can sign in again. Nothing is lost. Studies waiting on a device stay there, encrypted, and are sent after the next sign-in. ${API_KEYS}`,
    yes: 'End sessions',
    no: 'Keep them',
  }),
  disable: 'Disable',
  disableOf: (name: string) => `Disable ${name}`,
  askDisable: (name: string, modalities: readonly string[]) => ({
    title: 'Disable this account?',
    about: name,
    what: [
      'This person is signed out everywhere and can’t sign in. Studies that are already at the gateway are still sent to the PACS.',
      'Studies waiting on a device stay there, encrypted. They are not sent until you enable the account or take them over on that device.',
      ...(modalities.length > 0 ? [modalitiesRefused(modalities)] : []),
      API_KEYS,
    ].join(' '),
    yes: 'Disable',
    no: 'Keep the account',
  }),
  enable: 'Enable',
  enableOf: (name: string) => `Enable ${name}`,
  addSheet: {
    name: 'User name',
    nameHint:
      'Use letters, digits and . _ @ + -, starting with a letter or digit. The name can’t be changed later.',
    password: 'First password',
    passwordHint: 'This password was generated. You can change it. You can copy it in the next step.',
    badName: 'This user name can’t be used.',
    badNameNext: 'Use letters, digits and . _ @ + -, starting with a letter or digit. Do not use spaces.',
    submit: 'Add the account',
    submitting: 'Adding…',
  },
  passwordSheet: {
    password: 'New password',
    hint: 'This password was generated. You can change it. You can copy it in the next step.',
    what: `This person is signed out everywhere. Nothing is lost. Studies waiting on a device stay there, encrypted. They are sent after this person signs in with the new password. ${API_KEYS}`,
    submit: 'Set password',
    submitting: 'Setting…',
  },
  tooShort: `The password must have at least ${PASSWORD_LENGTH_LIMIT} characters.`,
  added: 'The account was added',
  passwordSet: 'The new password is set',
  passwordOnce:
    'Copy the password and give it only to this person. It will not be shown again. They can change it in the account menu.',
} as const;
