/**
 * The mark "for early reading" set by the automatic check on a device, shown in lists of unread studies and on a case.
 */
import { Icon } from '../../kit/Icon.tsx';
import { caseWords as words } from './case-words.ts';

export const EarlyMark = () => (
  <span class="small case-finding">
    <Icon name="up" size={16} />
    <span>
      {words.early}. {words.earlyWhat}
    </span>
  </span>
);
