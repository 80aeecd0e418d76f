/**
 * In the header of every page of an administrator: the link to the administration pages, and the number of destinations
 * with problems. It refreshes when it appears, when the page becomes visible, and once a minute while the page is
 * visible. It disappears when the person signs out.
 */
import { useEffect } from 'preact/hooks';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { refreshInSight } from '../kit/refresh-in-sight.ts';
import { hrefOf, type Route } from '../kit/routes.ts';
import type { LinkNow } from '../net/link.ts';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { isLedToDestinations, watchTouches } from './lead-to-destinations.ts';
import { useDestinationList } from './needy-destinations.ts';
import { needyWords as words } from './needy-words.ts';
import '../kit/badge.css';

/** Refreshing is expensive: for one answer the gateway counts the studies and instances of each destination. */
const REFRESH_MS = 60_000;
const OVERVIEW = hrefOf({ page: 'admin', at: 'overview' });
const DESTINATIONS = hrefOf({ page: 'admin', at: 'destinations' });

export type AdminEntryProps = { readonly link: LinkNow; readonly page: Route['page'] };

export function AdminEntry({ link, page }: AdminEntryProps) {
  const list = useDestinationList();
  const ingest = useIngest();
  useEffect(() => {
    list.link.value = link;
  }, [link]);
  useEffect(() => {
    const left = new AbortController();
    const isUntouched = watchTouches(window, left.signal);
    void list.refresh().then(() => {
      const isFree = isUntouched() && ingest.phase.peek() === 'idle' && !left.signal.aborted;
      if (isLedToDestinations({ hash: location.hash, isFree }, list)) location.replace(DESTINATIONS);
    });
    const end = refreshInSight(() => void list.refresh(), REFRESH_MS);
    return () => {
      left.abort();
      end();
      list.forget();
    };
  }, [list]);
  const count = list.count.value;
  // The live region makes a screen reader announce the count politely, as soon as there is one.
  return (
    <>
      <a class="tab tab-wide tab-admin" href={OVERVIEW} aria-current={page === 'admin' ? 'page' : undefined}>
        <Icon name="settings" />
        {kitWords.pages.admin}
      </a>
      <span class="badge-place" role="status">
        {count > 0 && (
          <a class="needs-badge" href={DESTINATIONS}>
            <Icon name="caution" size={16} />
            <span class="numbers strong">{words.count(count)}</span>
          </a>
        )}
      </span>
    </>
  );
}
