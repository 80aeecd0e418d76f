/** Problems that requests with API keys get. No page shows them. */
import type { ProblemKind } from './problem-table.ts';

export const API_KEY_PROBLEMS = {
  'key-ended': {
    status: 401,
    retry: 'changed',
    title: 'This API key no longer works, or is unknown.',
    next: 'An administrator can create a new one.',
  },
  'key-lacks-scope': {
    status: 403,
    retry: 'changed',
    title: 'This API key does not have permission for this.',
    next: 'Create a key with this permission.',
  },
  'not-for-keys': {
    status: 403,
    retry: 'changed',
    title: 'This is not allowed with an API key.',
    next: 'Sign in instead.',
  },
} as const satisfies Record<string, ProblemKind>;
