/**
 * The one red number in the header of every page, with its words; beside the name of a page it would seem to count that
 * page. It also appears on the app's icon. Instances from scripts and modalities count for their account and for
 * administrators.
 */
import { useEffect } from 'preact/hooks';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { Icon } from '../kit/Icon.tsx';
import { refreshInSight } from '../kit/refresh-in-sight.ts';
import { hrefOf, type Route } from '../kit/routes.ts';
import { maySend } from '../net/may-send.ts';
import { useSession } from '../net/net-context.ts';
import { useNeeds } from '../pipeline/ingest/found/use-needs.ts';
import { sumOf } from '../pipeline/queue/count-reasons.ts';
import { needsWords } from './needs-words.ts';
import { useSentElsewhere } from './sent-elsewhere.ts';
import '../kit/badge.css';

/** The destinations are counted at the same interval. */
const REFRESH_MS = 60_000;

export type NeedsBadgeProps = { readonly page: Route['page'] };

export function NeedsBadge({ page }: NeedsBadgeProps) {
  useRefresh(page);
  const elsewhere = useSentElsewhere().count.value;
  const count = sumOf(useNeeds()) + elsewhere;
  useEffect(() => void setAppBadge(count), [count]);
  // The next person to sign in must not see the last person's number on the icon.
  useEffect(() => () => void setAppBadge(0), []);
  if (count === 0) return null;
  return (
    <a
      class="needs-badge"
      href={hrefOf({ page: 'needs' })}
      aria-current={page === 'needs' ? 'page' : undefined}
      data-elsewhere={elsewhere > 0 ? '' : undefined}
    >
      <Icon name="decide" size={16} />
      <span class="numbers strong">{needsWords.badge(count)}</span>
    </a>
  );
}

/** Refreshes on each page change, when the page becomes visible, and once a minute while it is visible. */
function useRefresh(page: Route['page']): void {
  const list = useSentElsewhere();
  const user = useSession().user.value;
  const asks = user !== null && maySend(user);
  const isAll = user?.roles.includes('admin') === true;
  useEffect(() => {
    if (!asks) return list.noteNone();
    void list.refresh(isAll);
    return refreshInSight(() => void list.refresh(isAll), REFRESH_MS);
  }, [list, page, asks, isAll]);
  useEffect(() => list.forget, [list, user?.id]);
}

async function setAppBadge(count: number): Promise<void> {
  if (!('setAppBadge' in navigator)) return;
  await ignoreFailure(navigator.setAppBadge(count), 'the page has the number too');
}
