/** The words of the pages of administration. */
import type { AdminPlace } from '../kit/routes.ts';
import { kitWords } from '../kit/kit-words.ts';

export const adminWords = {
  title: 'Administration',
  places: { destinations: kitWords.pages.destinations } satisfies Record<AdminPlace, string>,
  notForYou: 'Only administrators can change these settings.',
  again: 'Try again',
  unreachable: { title: 'The gateway does not answer.', next: 'Check the network, then try again.' },
  notUnderstood: {
    title: 'The gateway answered something unexpected.',
    next: 'Reload the page. If it happens again, the app and the gateway may be of different versions.',
  },
} as const;
