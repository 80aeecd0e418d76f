/**
 * The one red number, on the app's icon too: how many instances cannot travel without a person. It has a place of its
 * own with its words: beside the name of a page a bare number would count what is on that page.
 */
import { useEffect } from 'preact/hooks';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { Icon } from '../kit/Icon.tsx';
import { hrefOf } from '../kit/routes.ts';
import { useNeeds } from '../pipeline/ingest/use-needs.ts';
import { sumOf } from '../pipeline/queue/count-reasons.ts';
import { needsWords } from './needs-words.ts';
import './badge.css';

export type NeedsBadgeProps = {
  /** The page of the list is open. */
  readonly isHere: boolean;
};

export function NeedsBadge({ isHere }: NeedsBadgeProps) {
  const count = sumOf(useNeeds());
  useEffect(() => {
    if (!('setAppBadge' in navigator)) return;
    const set = count > 0 ? navigator.setAppBadge(count) : navigator.clearAppBadge();
    void ignoreFailure(set, 'the page has the number too');
  }, [count]);
  // Nobody who signs in next sees the number of the last person on the icon.
  useEffect(
    () => () => {
      if ('clearAppBadge' in navigator)
        void ignoreFailure(navigator.clearAppBadge(), 'the next page sets it');
    },
    [],
  );
  if (count === 0) return null;
  return (
    <a class="needs-badge" href={hrefOf({ page: 'needs' })} aria-current={isHere ? 'page' : undefined}>
      <Icon name="decide" size={16} />
      <span class="numbers strong">{needsWords.badge(count)}</span>
    </a>
  );
}
