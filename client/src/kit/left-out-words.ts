/** Why a person was asked about instances that were then left out. */
import { counted } from './counted.ts';
import type { LeftOutCause } from '#shared/protocol/withheld.ts';

type Told = Exclude<LeftOutCause, 'left-out'>;

export const leftOutBecause: Readonly<Record<Told, string>> = {
  'left-out-name': 'may show a name',
  'left-out-other-patient': 'of another patient',
  'left-out-faulty': 'faulty',
  'left-out-unsafe': 'not allowed by the policy',
};

/** `say`: returns the words before the cause. */
export const leftOutWords = <T extends readonly unknown[]>(say: (...what: T) => string) =>
  Object.fromEntries(
    Object.entries(leftOutBecause).map(([cause, because]) => [
      cause,
      (...what: T) => `${say(...what)}: ${because}`,
    ]),
  ) as Readonly<Record<Told, (...what: T) => string>>;

type Unread = { readonly files: number; readonly isAtLeast: boolean };

/**
 * Says which files were chosen with a study but left out unread when reading was stopped. Shown wherever a study is
 * said to be in the PACS, because neither the gateway nor its receipt knows of these files.
 */
export const unreadLines = (left: Unread | null | undefined): readonly string[] =>
  left
    ? [
        `Reading was stopped: ${left.isAtLeast ? 'at least ' : ''}${counted(left.files, 'unread file was', 'unread files were')} left out`,
      ]
    : [];

/** Deselects a study on the page. */
export const leaveStudyOut = 'Leave this study out';
