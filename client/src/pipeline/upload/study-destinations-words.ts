/** The words for where a study goes. */
import { formatCount } from '../../kit/format.ts';
import { instances } from '../../kit/counted.ts';

export const studyDestinationsWords = {
  open: 'Destinations',
  label: 'Where this study goes',
  loading: 'Asking the gateway…',
  failed: 'The gateway cannot be reached, so its destinations cannot be shown.',
  none: 'Nothing has reached the gateway yet.',
  deleted: 'A destination that was deleted',
  /** Stays with the name before it where the line breaks. */
  beside: ', ',
  needs: {
    first: 'shows it in viewers',
    required: 'must have it',
    also: 'gets it too',
  },
  has: (there: number, of: number) =>
    `${formatCount(there)} of ${instances(of)} ${there === 1 || of === 1 ? 'is' : 'are'} there`,
  all: (of: number) => (of === 1 ? 'The 1 instance is there' : `All ${instances(of)} are there`),
  failedThere: (count: number) => `${instances(count)} not taken`,
  leftOut: (count: number) => `${instances(count)} left out`,
  givenUp: 'An administrator gave it up for this study',
};
