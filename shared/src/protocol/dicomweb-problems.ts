/** Problems that DICOMweb clients get, and pages that search in the PACS. */
import type { ProblemKind } from './problem-table.ts';

export const DICOMWEB_PROBLEMS = {
  'pacs-without-dicomweb': {
    status: 501,
    retry: 'never',
    title: 'The PACS offers no search and retrieval over DICOMweb.',
    next: 'An administrator must make a PACS with QIDO-RS and WADO-RS the primary destination.',
  },
  'pacs-declined': {
    status: 502,
    retry: 'changed',
    title: 'The PACS did not give what was asked for.',
    next: 'Ask for less, or in another form.',
  },
  'transaction-used': {
    status: 409,
    retry: 'changed',
    title: 'This Transaction UID was used before.',
    next: 'Ask for its result, or ask about the instances under another UID.',
  },
  'commitment-forgotten': {
    status: 410,
    retry: 'changed',
    title: 'The result of this request for storage commitment is no longer kept.',
    next: 'Ask about the instances again, under another UID.',
  },
} as const satisfies Record<string, ProblemKind>;
