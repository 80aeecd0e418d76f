/** The words of the count of destinations that an administrator has to look at. */
import { counted } from '../kit/counted.ts';

export const needyWords = {
  count: (count: number) => counted(count, 'destination has a problem', 'destinations have problems'),
};
