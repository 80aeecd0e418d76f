/**
 * In the head of every page of an administrator: destinations that need one. It asks when it comes, when the page is
 * seen again, and once a minute while it is seen; with the person who signs out it goes.
 */
import { useEffect } from 'preact/hooks';
import { Icon } from '../kit/Icon.tsx';
import { refreshInSight } from '../kit/refresh-in-sight.ts';
import { hrefOf } from '../kit/routes.ts';
import type { Link } from '../net/link.ts';
import { useDestinationList } from './needy-destinations.ts';
import { needyWords as words } from './needy-words.ts';
import '../kit/badge.css';

/** The gateway counts the studies and instances of each destination for one answer. */
const REFRESH_MS = 60_000;

export type DestinationsBadgeProps = { readonly link: Link };

export function DestinationsBadge({ link }: DestinationsBadgeProps) {
  const list = useDestinationList();
  useEffect(() => {
    list.link.value = link;
  }, [link]);
  useEffect(() => {
    void list.refresh();
    const end = refreshInSight(() => void list.refresh(), REFRESH_MS);
    return () => {
      end();
      list.forget();
    };
  }, [list]);
  const count = list.count.value;
  // A screen reader says it, when it has the time, as soon as there is a count.
  return (
    <span class="badge-place" role="status">
      {count > 0 && (
        <a class="needs-badge" href={hrefOf({ page: 'admin', at: 'destinations' })}>
          <Icon name="caution" size={16} />
          <span class="numbers strong">{words.count(count)}</span>
        </a>
      )}
    </span>
  );
}
