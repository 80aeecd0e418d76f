/** The words of the count of destinations with problems. */
import { counted } from '../kit/counted.ts';

export const needyWords = {
  count: (count: number) => counted(count, 'destination has a problem', 'destinations have problems'),
};
