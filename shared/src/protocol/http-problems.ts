/** Problems of HTTP itself, for requests that no page of this app sends. */
import type { ProblemKind } from './problem-table.ts';

export const HTTP_PROBLEMS = {
  'method-not-allowed': { status: 405, retry: 'never', title: 'This address does not support this method.' },
  'not-acceptable': {
    status: 406,
    retry: 'never',
    title: 'The response is not available in a requested format.',
  },
  'unsupported-media-type': {
    status: 415,
    retry: 'never',
    title: 'This kind of content is not accepted here.',
  },
} as const satisfies Record<string, ProblemKind>;
