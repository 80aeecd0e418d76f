/** The mark "for early reading" of the automatic check on a device, in lists of what is to be read and on a case. */
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
