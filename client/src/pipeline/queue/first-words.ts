/** The words of the queue that the first page needs; all others are loaded with the pages that show them. */
import { instances } from '../../kit/counted.ts';
import { formatCount } from '../../kit/format.ts';

export const firstWords = {
  noPatient: 'No patient name',
  patientId: (id: string) => `ID ${id}`,
  born: (date: string) => `born ${date}`,
  takeBack: 'Take back',
  makingSafe: (safe: number, total: number) =>
    `Making it safe here: ${formatCount(safe)} of ${instances(total)}`,
  naming: (named: number, total: number) => `Reading: ${formatCount(named)} of ${instances(total)}`,
  needsDecision: (count: number) =>
    count === 1 ? '1 instance needs your decision' : `${formatCount(count)} instances need your decision`,
};
