/** The list's state, which all its rows share. */
import { provided } from '../kit/provided.ts';
import type { DayList } from './day-list.ts';

export const [ProvideDayList, useDayList] = provided<DayList>('day list');
