/** The words for where a study goes. */
import { formatCount } from '../../kit/format.ts';
import { images } from '../../kit/counted.ts';

export const studyDestinationsWords = {
  open: 'Destinations',
  label: 'Destinations of this study',
  loading: 'Loading destinations…',
  failed: 'The gateway is not responding, so the destinations cannot be shown.',
  none: 'Nothing has reached the gateway yet.',
  deleted: 'Deleted destination',
  needs: {
    first: 'Used by viewers',
    required: 'Required',
    also: 'Additional copy',
  },
  has: (there: number, of: number) =>
    `${formatCount(there)} of ${images(of)} ${there === 1 || of === 1 ? 'is' : 'are'} there`,
  all: (of: number) => (of === 1 ? '1 image is there' : `All ${images(of)} are there`),
  failedThere: (count: number) => `${images(count)} not accepted`,
  leftOut: (count: number) => `${images(count)} left out`,
  givenUp: 'An administrator gave up this destination for this study',
};
