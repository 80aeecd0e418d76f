/** The one red number in the head of every page, with its words: beside the name of a page it would count that page. */
import { Icon } from '../kit/Icon.tsx';
import { hrefOf } from '../kit/routes.ts';
import { needsWords } from './needs-words.ts';
import '../kit/badge.css';

export type NeedsBadgeProps = {
  readonly count: number;
  /** The page of the list is open. */
  readonly isHere: boolean;
};

export function NeedsBadge({ count, isHere }: NeedsBadgeProps) {
  return (
    <a class="needs-badge" href={hrefOf({ page: 'needs' })} aria-current={isHere ? 'page' : undefined}>
      <Icon name="decide" size={16} />
      <span class="numbers strong">{needsWords.badge(count)}</span>
    </a>
  );
}
