/** Problems that DICOMweb clients get, and pages that search in the PACS. */
import type { ProblemKind } from './problem-table.ts';

export const DICOMWEB_PROBLEMS = {
  'pacs-without-dicomweb': {
    status: 501,
    retry: 'never',
    title: 'The PACS does not support search and retrieval over DICOMweb.',
    next: 'An administrator must make a PACS with QIDO-RS and WADO-RS the primary destination.',
  },
  'pacs-declined': {
    status: 502,
    retry: 'changed',
    title: 'The PACS did not return what was requested.',
    next: 'Request less, or another format.',
  },
  'transaction-used': {
    status: 409,
    retry: 'changed',
    title: 'This Transaction UID was used before.',
    next: 'Request its result, or use a new Transaction UID.',
  },
  'commitment-forgotten': {
    status: 410,
    retry: 'changed',
    title: 'The result of this request for storage commitment is no longer kept.',
    next: 'Send a new request with another Transaction UID.',
  },
} as const satisfies Record<string, ProblemKind>;
