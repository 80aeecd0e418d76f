/** The header of each administration page: links to all the others, and the title. */
import { kitWords } from '../kit/kit-words.ts';
import { hrefOf, type AdminTask } from '../kit/routes.ts';
import { NeedyCount } from './NeedyCount.tsx';

type Place = AdminTask | 'audit' | 'analytics';

const toTask = (at: AdminTask): string => hrefOf({ page: 'admin', at });
/** The last two pages are also open to other roles. */
const PAGES = {
  destinations: toTask('destinations'),
  accounts: toTask('accounts'),
  rules: toTask('rules'),
  'api-keys': toTask('api-keys'),
  'dimse-peers': toTask('dimse-peers'),
  quotas: toTask('quotas'),
  audit: hrefOf({ page: 'audit', query: '' }),
  analytics: hrefOf({ page: 'analytics', id: '', query: '' }),
} satisfies Record<Place, string>;
const NAMES = Object.keys(PAGES) as readonly Place[];

export function AdminHead({ at }: { readonly at: Place }) {
  return (
    <div class="stack">
      <nav class="row" aria-label={kitWords.pages.admin}>
        {NAMES.map((name) => (
          <a
            key={name}
            class="button button-bare tab"
            href={PAGES[name]}
            aria-current={name === at ? 'page' : undefined}
          >
            {kitWords.pages[name]}
            {name === 'destinations' && <NeedyCount />}
          </a>
        ))}
      </nav>
      <h1 tabIndex={-1}>{kitWords.pages[at]}</h1>
    </div>
  );
}
