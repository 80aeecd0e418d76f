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

type Unread = { readonly files: number; readonly isAtLeast: boolean };

/**
 * Says of a study which files were chosen with it, and left out unread as reading was stopped. Said wherever a study is
 * said to be in the PACS: the gateway, and its receipt, know nothing of them.
 */
export const unreadLines = (left: Unread | null | undefined): readonly string[] =>
  left
    ? [
        `Reading was stopped, and ${left.isAtLeast ? 'at least ' : ''}${counted(left.files, 'unread file was', 'unread files were')} left out`,
      ]
    : [];

/** Unticks a study on the page. */
export const leaveStudyOut = 'Leave this study out';
