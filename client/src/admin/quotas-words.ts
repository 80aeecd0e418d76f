/** The words of the page of quotas. */
import type { Quota } from '#shared/protocol/quota.ts';

export const quotasWords = {
  intro:
    'Quotas limit how much each account can send at the same time, so that one account cannot fill the gateway. Lowering a quota does not stop studies that are already being sent.',
  site: 'Default quota',
  accounts: 'Accounts',
  own: 'own quota',
  change: 'Edit',
  changeOf: (name: string) => `Edit the quota of ${name}`,
  siteTitle: 'Edit the default quota',
  follow: 'Use the default quota',
  fields: {
    uploads: 'Studies being sent',
    instances: 'Instances being sent',
    bytes: 'Gigabytes being sent',
    patients: 'Patients per day for whom pseudonyms are requested',
  } satisfies Record<keyof Quota, string>,
  of: (used: string, most: string) => `${used} of ${most}`,
  wrong: 'Enter a number using digits only. It must not be too large.',
  zero: 'If you enter 0, nothing can be sent.',
} as const;
