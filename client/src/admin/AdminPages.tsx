/** The pages of administration, fetched when the first of them is opened: each is a place with an address. */
import type { ComponentType } from 'preact';
import { ADMIN_PLACES, hrefOf, type AdminPlace } from '../kit/routes.ts';
import { useSession } from '../net/net-context.ts';
import { adminWords as words } from './admin-words.ts';
import { DestinationsView } from './DestinationsView.tsx';
import './admin.css';

/** A further page adds its line here, to ADMIN_PLACES and to the words. */
const VIEWS: Record<AdminPlace, ComponentType> = { destinations: DestinationsView };

export function AdminPages({ at }: { readonly at: AdminPlace }) {
  const isAdmin = useSession().user.value?.roles.includes('admin') ?? false;
  const View = VIEWS[at];
  return (
    <main id="content" class="page admin">
      <nav class="admin-places row" aria-label={words.title}>
        {ADMIN_PLACES.map((place) => (
          <a
            key={place}
            class="button button-bare"
            href={hrefOf({ page: 'admin', at: place })}
            aria-current={place === at ? 'page' : undefined}
          >
            {words.places[place]}
          </a>
        ))}
      </nav>
      <h1 tabIndex={-1}>{words.places[at]}</h1>
      {isAdmin ? <View /> : <p>{words.notForYou}</p>}
    </main>
  );
}
