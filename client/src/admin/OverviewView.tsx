/** The first administration page: each of the others in a row, with its state now and what waits there. */
import type { ReadonlySignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { RULE_KINDS } from '#shared/protocol/rule.ts';
import { Icon } from '../kit/Icon.tsx';
import { formatBytes, formatMoment } from '../kit/format.ts';
import { kitWords } from '../kit/kit-words.ts';
import { marksSaid } from '../kit/ListMark.tsx';
import type { Answer } from '../kit/resource.ts';
import { usePageStore } from '../net/use-page-store.ts';
import { createAccountsStore } from './accounts.store.ts';
import { ADMIN_PLACES, type AdminPlace } from './admin-places.ts';
import { createApiKeysStore } from './api-keys.store.ts';
import { createBackupsStore } from './backups.store.ts';
import { createRetentionStore } from './retention.store.ts';
import { createStorageStore } from './storage.store.ts';
import { createDimsePeersStore } from './dimse-peers.store.ts';
import { expiryOf } from './key-expiry.ts';
import { useDestinationList } from './needy-destinations.ts';
import { overviewWords as words } from './overview-words.ts';
import { createPoliciesStore } from './policies.store.ts';
import { createQuotasStore } from './quotas.store.ts';
import { createRulesStore } from './rules.store.ts';
import { createVaultStore } from './vault.store.ts';

/** Somebody watches this page while a PACS is repaired. */
const REFRESH_MS = 30_000;

export function OverviewView() {
  return (
    <main id="content" class="page stack admin">
      <h1 tabIndex={-1}>{kitWords.pages.admin}</h1>
      <ul class="plain admin-places">
        <Place at="destinations">
          <Destinations />
        </Place>
        <Place at="accounts">
          <Accounts />
        </Place>
        <Place at="rules">
          <Rules />
        </Place>
        <Place at="dimse-peers">
          <Modalities />
        </Place>
        <Place at="api-keys">
          <ApiKeys />
        </Place>
        <Place at="quotas">
          <Quotas />
        </Place>
        <Place at="policies">
          <Policies />
        </Place>
        <Place at="vault">
          <VaultState />
        </Place>
        <Place at="backups">
          <Backups />
        </Place>
        <Place at="retention">
          <Retention />
        </Place>
        <Place at="storage">
          <Storage />
        </Place>
        <Place at="audit" />
        <Place at="analytics" />
      </ul>
    </main>
  );
}

type PlaceProps = { readonly at: AdminPlace; readonly children?: ComponentChildren };

function Place({ at, children }: PlaceProps) {
  return (
    <li class="hairline">
      <a class="admin-place" href={ADMIN_PLACES[at]}>
        <span class="admin-place-name">
          <span class="strong">{kitWords.pages[at]}</span>
          <span class="small quiet">{words.about[at]}</span>
        </span>
        <span class="small numbers">{children}</span>
        <Icon name="chevron" size={20} turns />
      </a>
    </li>
  );
}

/** How many there are (null: none), and what needs somebody. */
type Saying = { readonly has: string | null; readonly needs?: readonly (string | false)[] };

type StateProps<T> = {
  readonly of: ReadonlySignal<Answer<T, unknown>>;
  readonly say: (value: T) => Saying;
};

function State<T>({ of, say }: StateProps<T>) {
  const answer = of.value;
  if (answer.state === 'loading') return <span class="quiet">{kitWords.looking}</span>;
  if (answer.state === 'failed') return <span class="quiet">{words.notKnown}</span>;
  const { has, needs = [] } = say(answer.value);
  return (
    <>
      <span>{has ?? words.noneYet(answer)}</span>
      {marksSaid(needs.map((said) => said !== false && { icon: 'caution', tone: 'wait', said }))}
    </>
  );
}

/** Asked for by the entry in the header of every page. */
function Destinations() {
  const { answer, count } = useDestinationList();
  return (
    <State
      of={answer}
      say={({ length }) => ({
        has: length === 0 ? null : words.destinations(length),
        needs: [count.value > 0 && words.needy(count.value)],
      })}
    />
  );
}

function Accounts() {
  const { accounts } = usePageStore(createAccountsStore, REFRESH_MS);
  return (
    <State
      of={accounts.answer}
      say={(all) => {
        const disabled = all.filter((account) => account.disabled).length;
        return { has: words.accounts(all.length, disabled) };
      }}
    />
  );
}

function Rules() {
  const { lists } = usePageStore(createRulesStore, REFRESH_MS);
  return (
    <State
      of={lists.answer}
      say={(all) => {
        const rules = RULE_KINDS.flatMap((kind) => all[kind].rules);
        const off = rules.filter(({ enabled }) => !enabled).length;
        return { has: rules.length === 0 ? null : words.rules(rules.length, off) };
      }}
    />
  );
}

function Modalities() {
  const { state } = usePageStore(createDimsePeersStore, REFRESH_MS);
  return (
    <State
      of={state.answer}
      say={({ peers, refused, transfers }) => ({
        has: peers.length === 0 ? null : words.modalities(peers.length),
        needs: [
          transfers.total > 0 && words.notInPacs(transfers.total),
          refused.length > 0 && words.refused(refused.length),
        ],
      })}
    />
  );
}

function ApiKeys() {
  const { keys } = usePageStore(createApiKeysStore, REFRESH_MS);
  return (
    <State
      of={keys.answer}
      say={(page) => {
        const now = new Date();
        const soon = page.keys.filter((key) => expiryOf(key, now).kind === 'soon').length;
        return {
          has: page.keys.length === 0 ? null : words.keys(page.keys.length, page.next !== null),
          needs: [soon > 0 && words.expiring(soon)],
        };
      }}
    />
  );
}

function Quotas() {
  const { quotas } = usePageStore(createQuotasStore, REFRESH_MS);
  return (
    <State
      of={quotas.answer}
      say={({ accounts }) => ({ has: words.quotas(accounts.filter(({ own }) => own !== null).length) })}
    />
  );
}

function Policies() {
  const { list } = usePageStore(createPoliciesStore, REFRESH_MS);
  return (
    <State
      of={list.answer}
      say={({ policies }) => {
        const withdrawn = policies.filter(({ inForce }) => inForce === null).length;
        return { has: words.policies(policies.length, withdrawn) };
      }}
    />
  );
}

function VaultState() {
  const { answer } = usePageStore(createVaultStore, REFRESH_MS);
  return (
    <State
      of={answer.answer}
      say={({ vaults, requests }) => {
        const open = requests.filter(({ state }) => state === 'asked' || state === 'approved').length;
        return {
          has:
            vaults.length === 0
              ? null
              : words.sealed(vaults.reduce((sum, { patients }) => sum + patients, 0)),
          needs: [
            vaults.some(({ state }) => state === 'waiting') && words.waitsForHalves,
            open > 0 && words.openRequests(open),
          ],
        };
      }}
    />
  );
}

function Backups() {
  const { backups } = usePageStore(createBackupsStore, REFRESH_MS);
  return (
    <State
      of={backups.answer}
      say={({ lastAt, plan, isOverdue, trouble }) => ({
        has: lastAt === null ? null : words.backedUp(formatMoment(new Date(lastAt), new Date())),
        needs: [
          plan.recipient === null && words.notBackedUp,
          trouble !== null && words.backupFailed,
          isOverdue && words.backupOverdue,
        ],
      })}
    />
  );
}

function Retention() {
  const { retention } = usePageStore(createRetentionStore, REFRESH_MS);
  return (
    <State
      of={retention.answer}
      say={({ days, holds, trouble }) => {
        const inForce = holds.filter(({ endedAt }) => endedAt === null).length;
        const rules = words.kept(Object.values(days).filter((one) => one !== null).length);
        return {
          has: inForce === 0 ? rules : `${rules}, ${words.underHold(inForce)}`,
          needs: [trouble !== null && words.retentionStopped],
        };
      }}
    />
  );
}

function Storage() {
  const { storage } = usePageStore(createStorageStore, REFRESH_MS);
  return (
    <State
      of={storage.answer}
      say={({ disk }) => ({
        has: words.free(formatBytes(disk.freeBytes)),
        needs: [disk.isLow && words.diskFull],
      })}
    />
  );
}
