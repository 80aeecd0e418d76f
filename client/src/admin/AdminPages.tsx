/** The pages for administrators, fetched when the first of them is opened: the list of them, and each by its name. */
import type { ComponentType } from 'preact';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { type AdminPlace, type AdminTask, hrefOf } from '../kit/routes.ts';
import { adminWords as words } from './admin-words.ts';
import { AccountsView } from './AccountsView.tsx';
import { ApiKeysView } from './ApiKeysView.tsx';
import { DestinationsView } from './DestinationsView.tsx';
import { DimsePeersView } from './DimsePeersView.tsx';
import { RulesView } from './RulesView.tsx';
import { SampleData } from './SampleData.tsx';
import './admin.css';

/** A further page adds its line here, in `AdminTask`, and in both tables of words. */
const PAGES = {
  accounts: AccountsView,
  destinations: DestinationsView,
  rules: RulesView,
  'api-keys': ApiKeysView,
  'dimse-peers': DimsePeersView,
} satisfies Record<AdminTask, ComponentType>;
const TASKS = Object.keys(PAGES) as readonly AdminTask[];

/** They are not for administrators alone. */
const OTHER_PAGES = [
  { page: 'audit', query: '' },
  { page: 'analytics', id: '', query: '' },
] as const;

export function AdminPages({ at }: { readonly at: AdminPlace }) {
  if (at === 'admin') return <Tasks />;
  const View = PAGES[at];
  return <View />;
}

function Tasks() {
  return (
    <main id="content" class="page stack admin">
      <h1 tabIndex={-1}>{kitWords.pages.admin}</h1>
      <p class="quiet">{words.intro}</p>
      <ul class="plain">
        {TASKS.map((task) => (
          <li key={task} class="hairline">
            <AdminLink
              title={kitWords.pages[task]}
              what={words.tasks[task]}
              href={hrefOf({ page: 'admin', at: task })}
            />
          </li>
        ))}
        {OTHER_PAGES.map((to) => (
          <li key={to.page} class="hairline">
            <AdminLink title={kitWords.pages[to.page]} what={words[to.page]} href={hrefOf(to)} />
          </li>
        ))}
      </ul>
      <SampleData />
    </main>
  );
}

type AdminLinkProps = { readonly title: string; readonly what: string; readonly href: string };

function AdminLink({ title, what, href }: AdminLinkProps) {
  return (
    <a class="admin-task" href={href}>
      <span>
        <span class="strong">{title}</span>
        <span class="quiet">{what}</span>
      </span>
      <Icon name="chevron" size={20} turns />
    </a>
  );
}
