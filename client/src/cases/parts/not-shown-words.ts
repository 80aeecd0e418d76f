/** The words about cases that a person may not see. */
import type { NotShown } from '#shared/protocol/cases.ts';
import { formatCount } from '../../kit/format.ts';

const counted = ({ cases, isMore }: NotShown): string =>
  cases === null ? 'A few cases' : `${formatCount(cases)} cases${isMore ? ' or more' : ''}`;

export const notShownWords = {
  said: (notShown: NotShown) =>
    `${counted(notShown)} of this site are hidden from you and not included in files that you export. Their studies contain names or have not arrived yet.`,
};
