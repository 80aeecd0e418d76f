/** The words of the page of backups. */
import type { Backups } from '#shared/protocol/backups.ts';
import { counted } from '../kit/counted.ts';

export const backupsWords = {
  intro:
    'A backup holds accounts, settings, cases, results, the audit trail, and images that only the gateway has. With it, everything can be restored on another machine.',
  none: 'Nothing is backed up yet.',
  begin: 'Set up backups',
  noneWhat:
    'If this machine fails, accounts, cases, results and the audit trail are lost. Images that are in the PACS or still on a device are not.',
  last: (when: string) => `Last backup: ${when}`,
  noneMade: 'No backup has been made yet.',
  now: 'Back up now',
  underWay: 'A backup is being made. It is listed here once it was read back without a fault.',
  overdue: 'The last backup is overdue.',
  overdueWhat:
    'What came after it would be lost with this machine. Back up now, and look at the gateway’s log if that fails.',
  trouble: {
    'no-room': {
      title: 'There was too little room for the last backup.',
      next: 'Make room on the gateway’s disk, keep fewer backups, or put them on another disk (RELAY_BACKUP_DIR). The backups below are not affected.',
    },
    failed: {
      title: 'The last backup failed.',
      next: 'The gateway’s log says why. The backups below are not affected. It is tried again within an hour.',
    },
  } satisfies Record<NonNullable<Backups['trouble']>['because'], { title: string; next: string }>,
  plan: 'Schedule',
  every: (hours: number | null, keep: number): string =>
    hours === null
      ? 'Only when somebody asks for one.'
      : `${EVERY[`${hours}`] ?? `Every ${counted(hours, 'hour', 'hours')}`}; the last ${keep} are kept.`,
  change: 'Edit',
  changeTitle: 'Edit the schedule',
  howOften: 'How often',
  keep: 'How many are kept',
  keepWhat: 'Older ones are deleted. Those from before an upgrade are kept until somebody removes them.',
  wrongKeep: 'Enter a number from 1 to 100.',
  key: 'Key',
  keyIs: (recipient: string) => `Backups open with the key that belongs to ${recipient}.`,
  newKey: 'Make a new key',
  keySheet: {
    title: 'The key of the backups',
    what: 'Only this key opens the backups. The gateway does not keep it, so nobody can show it again. Print it or write it down, and keep it apart from the backups.',
    before: 'Backups that were made before still need the key that they were made for.',
    making: 'A key is being made…',
    kept: 'I have stored this key where it will be found in years',
    notKept: 'Store the key first: without it, nobody can ever open a backup.',
    password: 'Your password',
    passwordWhat: 'Whoever has the key can read everything in a backup, so your password is asked for.',
    submit: 'Use this key',
  },
  list: 'Backups',
  where: 'They are on the gateway’s machine. Save a copy elsewhere, or set RELAY_BACKUP_DIR to another disk.',
  noBackups: 'No backups are here.',
  beforeUpgrade: 'before an upgrade',
  save: 'Save',
  saveOf: (name: string) => `Save ${name}`,
  restore: 'To restore one, run this on the new machine before RelayPACS is started there:',
} as const;

const EVERY: Readonly<Record<string, string>> = {
  24: 'Every day',
  168: 'Every week',
  1: 'Every hour',
};

export const OFTEN = {
  '24': 'Every day',
  '168': 'Every week',
  '6': 'Every 6 hours',
  '1': 'Every hour',
  '': 'Only when somebody asks for one',
} as const;
