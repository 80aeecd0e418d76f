/** The list's state, shared by all its rows. */
import { provided } from '../kit/provided.ts';
import type { DayList } from './day-list.ts';

export const [ProvideDayList, useDayList] = provided<DayList>('day list');
