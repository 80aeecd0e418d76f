/** Problems about backups, the configuration and API keys. */
import { API_KEY_PROBLEMS } from './api-key-problems.ts';
import type { ProblemKind } from './problem-table.ts';

export const OPERATING_PROBLEMS = {
  ...API_KEY_PROBLEMS,
  'backup-key-changed': {
    status: 409,
    retry: 'changed',
    title: 'Somebody else has set another key for the backups.',
    next: 'Load the page again, and ask them for their key.',
  },
  'backup-without-key': {
    status: 409,
    retry: 'never',
    title: 'Backups have not begun: nobody could open one.',
    next: 'Run relay backup once, which makes a key and shows it.',
  },
  'configuration-wrong': {
    status: 422,
    retry: 'changed',
    title: 'The configuration has mistakes.',
    next: 'Nothing was changed. Correct what the details name, and apply it again.',
  },
} as const satisfies Readonly<Record<string, ProblemKind>>;
