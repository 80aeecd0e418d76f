/** Why a person was asked about the instances that they then left out. */
import { counted } from './counted.ts';
import type { LeftOutCause } from '#shared/protocol/withheld.ts';

type Told = Exclude<LeftOutCause, 'left-out'>;

export const leftOutBecause: Readonly<Record<Told, string>> = {
  'left-out-name': 'may show a name',
  'left-out-other-patient': 'another patient’s',
  'left-out-faulty': 'faulty',
  'left-out-unsafe': 'not safe to send under the policy',
};

/** `say`: the words before the cause. */
export const leftOutWords = <T extends readonly unknown[]>(say: (...what: T) => string) =>
  Object.fromEntries(
    Object.entries(leftOutBecause).map(([cause, because]) => [
      cause,
      (...what: T) => `${say(...what)}: ${because}`,
    ]),
  ) as Readonly<Record<Told, (...what: T) => string>>;

/** Files that were chosen with a study, and not read as reading was stopped. */
export const leftUnread = (count: number, isAtLeast: boolean): string =>
  `Reading was stopped, and ${isAtLeast ? 'at least ' : ''}${counted(count, 'unread file was', 'unread files were')} left out`;

/** Unticks a study on the page. */
export const leaveStudyOut = 'Leave this study out';
