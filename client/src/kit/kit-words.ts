/** The words that every page uses. Those of one feature are in its folder. */
import type { Role } from '#shared/protocol/api.ts';

export const kitWords = {
  notForDiagnosis: 'Not for diagnostic use',
  notForDiagnosisWhat: 'A demonstration model. Base no decision about a patient on it.',
  product: 'RelayPACS',
  /** The name of each page: in the navigation, in the window's title and above the page. */
  pages: {
    start: 'Start',
    upload: 'Upload',
    'before-after': 'See what is removed',
    studies: 'Studies',
    study: 'Study',
    needs: 'To decide',
    cases: 'Cases',
    reviews: 'Reviews',
    exports: 'Exports',
    analytics: 'Dashboard',
    results: 'Results',
    infer: 'Run AI',
    models: 'Models',
    audit: 'Audit trail',
    sent: 'Study',
    admin: 'Administration',
    accounts: 'Accounts',
    destinations: 'Destinations',
    rules: 'Rules',
    'api-keys': 'API keys',
    'dimse-peers': 'Modalities',
    settings: 'Settings and storage',
    help: 'Help',
    check: 'Check a receipt',
  },
  roles: {
    technician: 'Technician',
    radiologist: 'Radiologist',
    researcher: 'Researcher',
    auditor: 'Auditor',
    admin: 'Administrator',
  } satisfies Record<Role, string>,
  /** Between parts of one line. */
  separator: ' · ',
  cancel: 'Cancel',
  close: 'Close',
  done: 'Done',
  copied: 'Copied',
  codeOf: (code: string) => `Copy the code ${code}`,
  working: 'Working…',
  looking: 'Looking…',
  again: 'Try again',
  more: 'Show more',
  /** Below why a newer answer did not come. */
  old: 'What you see here may be out of date.',
  hideNames: 'Hide names and titles',
  showAll: 'Show all',
  showNames: 'Show names',
  namesAreHidden: 'Names are hidden.',
  nameHidden: 'Name hidden',
  textHidden: 'Text hidden',
  showText: 'Show it',
  showTextOf: (title: string) => `Show it: ${title}`,
  details: 'Details',
  /** Instances that a further destination must have and did not take. */
  elsewhere: {
    title: (destination: string, said: string) => `Not taken by ${destination}: ${said}`,
    conflict: (destination: string) => ({
      title: `Not taken by ${destination}, which has a different image with this ID. Nothing was overwritten there.`,
      next: `Compare the two there. If this one is right, have the other one deleted in ${destination} and try again; otherwise leave this one out.`,
    }),
  },
  /** A file with any fault of its structure. */
  damaged: { title: 'This file is damaged.', next: 'Export it again.' },
};
