/** The words of the page Accounts. */
import { none } from '../kit/none.ts';
import type { Role } from '#shared/protocol/api.ts';
import { PASSWORD_LENGTH_LIMIT } from '#shared/protocol/limits.ts';
import { counted } from '../kit/counted.ts';
import type { AccountSort } from './choose-accounts.ts';

const API_KEYS = 'API keys of this account end: make new ones if scripts still need them.';

function modalitiesRefused(aeTitles: readonly string[]): string {
  const named = aeTitles.join(', ');
  const are = aeTitles.length === 1 ? `The modality ${named} is` : `The modalities ${named} are`;
  return `${are} refused until you enable the account, or choose another one under Modalities.`;
}

export const accountsWords = {
  intro: 'Everybody who may sign in, and what their roles let them do.',
  add: 'Add an account',
  list: 'Accounts',
  search: 'Search by name or role',
  sort: 'Sort by',
  sorts: {
    name: 'Name',
    recent: 'Last sign-in, newest first',
    unused: 'Last sign-in, longest ago first',
  } satisfies Record<AccountSort, string>,
  found: (count: number) => counted(count, 'account', 'accounts'),
  noneFound: none('No account fits'),
  noneFoundWhat: 'Search for a part of a name, or for a role such as “technician”.',
  clear: 'Clear the search',
  you: 'you',
  disabled: 'Disabled',
  disabledWhat:
    'This person can’t sign in. Studies that still wait on a device stay there: enable the account, or sign in on that device as an administrator and take them over under Studies.',
  lastSignIn: (when: string) => `Last sign-in ${when}`,
  neverSignedIn: 'Never signed in',
  sessions: (count: number) => counted(count, 'session', 'sessions'),
  devices: (count: number) => counted(count, 'device that sends', 'devices that send'),
  created: (when: string) => `Added ${when}`,
  roles: 'Roles',
  rolesOf: (name: string) => `Roles of ${name}`,
  may: {
    technician: 'Sends studies and follows them to the PACS.',
    radiologist: 'Reads results, cases and reviews of the whole site. May send.',
    researcher: 'Works with studies without names, models and exports. May send.',
    auditor: 'Reads the audit trail and who sent what. Sees no images, sends nothing.',
    admin: 'Sets up this site: accounts, destinations, rules. May send and read studies too.',
  } satisfies Record<Role, string>,
  noRole: 'Choose at least one role.',
  ownAdmin:
    'You can’t take the role Administrator from yourself, so that nobody is locked out. Another administrator can.',
  rolesCount: 'New roles count at once, for the API keys of this account too.',
  stopsSending:
    'With these roles nobody may send: studies that still wait on this person’s devices stay there until they get a role that may send.',
  saveRoles: 'Save roles',
  own: 'Change your own password and end your own sessions in the account menu, at the top of every page.',
  newPassword: 'Set a new password',
  endSessions: 'End sessions',
  endSessionsOf: (name: string) => `End sessions of ${name}`,
  askEnd: (name: string) => ({
    title: 'End all sessions of this account?',
    about: name,
    what: `This person is signed out on every device and can sign in again. Nothing is lost: studies that wait on a device stay there, encrypted, and are sent after the next sign-in. ${API_KEYS}`,
    yes: 'End sessions',
    no: 'Keep them',
  }),
  disable: 'Disable',
  disableOf: (name: string) => `Disable ${name}`,
  askDisable: (name: string, modalities: readonly string[]) => ({
    title: 'Disable this account?',
    about: name,
    what: [
      'This person is signed out everywhere and can’t sign in. Studies that are already at the gateway still go to the PACS.',
      'Studies that wait on a device stay there, encrypted, and are not sent until you enable the account or take them over on that device.',
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
    nameHint: 'Letters, digits and . _ @ + -, beginning with a letter or a digit. It can’t be changed later.',
    password: 'First password',
    passwordHint: 'Generated for you; you can change it. You can copy it in the next step.',
    badName: 'This user name can’t be used.',
    badNameNext: 'Use letters, digits and . _ @ + -, beginning with a letter or a digit. No spaces.',
    submit: 'Add the account',
    submitting: 'Adding…',
  },
  passwordSheet: {
    password: 'New password',
    hint: 'Generated for you; you can change it. You can copy it in the next step.',
    what: `This person is signed out everywhere. Nothing is lost: studies that wait on a device stay there, encrypted, and are sent after they sign in with the new password. ${API_KEYS}`,
    submit: 'Set the password',
    submitting: 'Setting…',
  },
  tooShort: `The password must have at least ${PASSWORD_LENGTH_LIMIT} characters.`,
  added: 'The account was added',
  passwordSet: 'The new password is set',
  passwordOnce:
    'Copy it, and pass it on to this person only. It is not shown again. They can change it in the account menu.',
} as const;
