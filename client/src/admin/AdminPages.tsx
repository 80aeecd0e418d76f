/** The administration pages by name, loaded when the first of them is opened. */
import type { ComponentType } from 'preact';
import type { AdminTask } from '../kit/routes.ts';
import { AccountsView } from './AccountsView.tsx';
import { ApiKeysView } from './ApiKeysView.tsx';
import { BackupsView } from './BackupsView.tsx';
import { DestinationsView } from './DestinationsView.tsx';
import { DimsePeersView } from './DimsePeersView.tsx';
import { OverviewView } from './OverviewView.tsx';
import { PoliciesView } from './PoliciesView.tsx';
import { QuotasView } from './QuotasView.tsx';
import { RetentionView } from './RetentionView.tsx';
import { RulesView } from './RulesView.tsx';
import { StorageView } from './StorageView.tsx';
import { VaultView } from './VaultView.tsx';
import './admin.css';

/** To add a page, add a line here, in `AdminTask`, and in `kitWords.pages`. */
const PAGES = {
  overview: OverviewView,
  accounts: AccountsView,
  destinations: DestinationsView,
  rules: RulesView,
  'api-keys': ApiKeysView,
  'dimse-peers': DimsePeersView,
  quotas: QuotasView,
  policies: PoliciesView,
  vault: VaultView,
  backups: BackupsView,
  retention: RetentionView,
  storage: StorageView,
} satisfies Record<AdminTask, ComponentType<Chosen>>;

/** `id`: what is chosen in the page's list; empty: nothing. */
type Chosen = { readonly id: string };

export function AdminPages({ at, id }: Chosen & { readonly at: AdminTask }) {
  const View: ComponentType<Chosen> = PAGES[at];
  return <View id={id} />;
}
