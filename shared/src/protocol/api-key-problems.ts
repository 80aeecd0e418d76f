/** Problems that requests with API keys get. No page shows them. */
import type { ProblemKind } from './problem-table.ts';

export const API_KEY_PROBLEMS = {
  'key-ended': {
    status: 401,
    retry: 'changed',
    title: 'This API key has ended, or is unknown here.',
    next: 'An administrator can make a new one.',
  },
  'key-lacks-scope': {
    status: 403,
    retry: 'changed',
    title: 'This API key may not do this.',
    next: 'Make a key that may.',
  },
  'not-for-keys': {
    status: 403,
    retry: 'changed',
    title: 'No API key may do this.',
    next: 'Sign in to do it.',
  },
} as const satisfies Record<string, ProblemKind>;
