/** The words of the count of destinations that need an administrator. */
import { counted } from '../kit/counted.ts';

export const needyWords = {
  count: (count: number) => counted(count, 'destination needs you', 'destinations need you'),
};
