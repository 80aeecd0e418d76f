/** The words of the page of quotas. */
import type { Quota } from '#shared/protocol/quota.ts';

export const quotasWords = {
  intro:
    'How much each account may have on its way at a time, so that nobody fills the gateway for all others. Lowering a quota does not stop studies that are already under way.',
  site: 'Every account without a quota of its own',
  accounts: 'Accounts',
  own: 'a quota of its own',
  change: 'Change',
  changeOf: (name: string) => `Change the quota of ${name}`,
  siteTitle: 'Change the quota of every account',
  follow: 'Use the quota of every account',
  fields: {
    uploads: 'Studies on their way',
    instances: 'Instances on their way',
    bytes: 'Gigabytes on their way',
    patients: 'Patients a day whose pseudonyms are asked for',
  } satisfies Record<keyof Quota, string>,
  of: (used: string, most: string) => `${used} of ${most}`,
  wrong: 'Enter a number, in digits alone, that is not too large.',
  zero: 'With 0, nothing can be sent.',
} as const;
