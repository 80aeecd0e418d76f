/** The words of the first administration page. */
import { counted } from '../kit/counted.ts';
import { none } from '../kit/none.ts';
import type { AdminPlace } from './admin-places.ts';
import { needyWords } from './needy-words.ts';

const more = (text: string, count: number, what: string): string =>
  count === 0 ? text : `${text}, ${count} ${what}`;

export const overviewWords = {
  about: {
    destinations: 'The PACSs that receive studies',
    accounts: 'Who can sign in, and what they may do',
    rules: 'Where studies go, and what happens on arrival',
    'api-keys': 'Access for scripts and other programs',
    'dimse-peers': 'Scanners and other systems that send over DIMSE',
    quotas: 'How much each person may have on the way',
    policies: 'What happens to names before a study is sent',
    vault: 'Identities behind pseudonyms, opened by two people together',
    backups: 'Everything that the gateway holds, to restore it elsewhere',
    retention: 'How long data are kept, and what must not be deleted',
    storage: 'What occupies the gateway’s disk',
    audit: 'Who did what, and when',
    analytics: 'Numbers about studies, models and readings',
  } satisfies Record<AdminPlace, string>,
  noneYet: none('None yet'),
  notKnown: 'Not known now',
  destinations: (count: number) => counted(count, 'destination', 'destinations'),
  needy: needyWords.count,
  accounts: (count: number, disabled: number) =>
    more(counted(count, 'account', 'accounts'), disabled, 'disabled'),
  rules: (count: number, off: number) => more(counted(count, 'rule', 'rules'), off, 'switched off'),
  modalities: (count: number) => counted(count, 'modality', 'modalities'),
  notInPacs: (count: number) => `${counted(count, 'transfer', 'transfers')} not in the PACS`,
  refused: (count: number) => counted(count, 'sender was refused', 'senders were refused'),
  keys: (count: number, isMore: boolean) =>
    isMore ? `More than ${count} keys` : counted(count, 'key', 'keys'),
  expiring: (count: number) => counted(count, 'key expires soon', 'keys expire soon'),
  backedUp: (when: string) => `Last backup: ${when}`,
  notBackedUp: 'Nothing is backed up',
  backupOverdue: 'The last backup is overdue',
  backupFailed: 'The last backup failed',
  kept: (kinds: number) =>
    kinds === 0 ? 'Everything is kept for ever' : `${counted(kinds, 'rule', 'rules')}`,
  underHold: (count: number) => counted(count, 'legal hold', 'legal holds'),
  retentionStopped: 'Something could not be deleted',
  free: (bytes: string) => `${bytes} free`,
  diskFull: 'The disk is full',
  policies: (count: number, withdrawn: number) =>
    more(counted(count, 'policy', 'policies'), withdrawn, 'withdrawn'),
  sealed: (patients: number) => `Identities of ${counted(patients, 'patient', 'patients')}`,
  waitsForHalves: 'A vault waits for halves of its key',
  openRequests: (count: number) => counted(count, 'open request', 'open requests'),
  quotas: (count: number) =>
    count === 0 ? 'The same for everyone' : `${counted(count, 'account', 'accounts')} with a different one`,
} as const;
