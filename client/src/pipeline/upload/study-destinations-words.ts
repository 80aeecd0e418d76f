/** The words for where a study goes. */
import { formatCount } from '../../kit/format.ts';
import { images } from '../../kit/counted.ts';

export const studyDestinationsWords = {
  open: 'Destinations',
  label: 'Where this study goes',
  loading: 'Asking the gateway…',
  failed: 'The gateway does not answer, so its destinations cannot be shown.',
  none: 'Nothing has reached the gateway yet.',
  deleted: 'A destination that was deleted',
  needs: {
    first: 'Shows it in viewers',
    required: 'Must have it',
    also: 'Gets it too',
  },
  has: (there: number, of: number) =>
    `${formatCount(there)} of ${images(of)} ${there === 1 || of === 1 ? 'is' : 'are'} there`,
  all: (of: number) => (of === 1 ? 'The 1 image is there' : `All ${images(of)} are there`),
  failedThere: (count: number) => `${images(count)} not taken`,
  leftOut: (count: number) => `${images(count)} left out`,
  givenUp: 'An administrator gave it up for this study',
};
