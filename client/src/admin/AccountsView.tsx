/** The accounts of the site: who may sign in, what they may do, and how the accounts are used. */
import { useSignal, type Signal } from '@preact/signals';
import type { Known } from '../kit/resource.ts';
import { useMemo } from 'preact/hooks';
import { ListTable } from '../kit/ListTable.tsx';
import { hrefOf } from '../kit/routes.ts';
import { useSession } from '../net/net-context.ts';
import { usePageStore } from '../net/use-page-store.ts';
import { ACCOUNT_COLUMNS, accountName } from './account-columns.tsx';
import { AccountDetails } from './AccountDetails.tsx';
import { accountsWords as words } from './accounts-words.ts';
import { createAccountsStore, type AccountsStore, type ListedAccount } from './accounts.store.ts';
import { AdminPage } from './AdminPage.tsx';
import { ACCOUNT_SORTS, chooseAccounts, FEW_ACCOUNTS, type AccountSort } from './choose-accounts.ts';
import { NewAccountSheet } from './NewAccountSheet.tsx';

/** People sign in meanwhile, but nobody waits to see it here. */
const REFRESH_MS = 60_000;

type ViewProps = {
  /** The account whose details are shown; empty: none was chosen. */
  readonly id: string;
};

export function AccountsView({ id }: ViewProps) {
  const store = usePageStore(createAccountsStore, REFRESH_MS);
  const isAdding = useSignal(false);
  return (
    <AdminPage
      at="accounts"
      intro={words.intro}
      of={store.accounts}
      after={isAdding.value && <NewAccountSheet store={store} onClose={() => (isAdding.value = false)} />}
    >
      {(accounts, known) => (
        <>
          <p>
            <button type="button" class="button button-main" onClick={() => (isAdding.value = true)}>
              {words.add}
            </button>
          </p>
          <Found
            {...{ accounts, known, store }}
            chosen={accounts.find((account) => account.id === id) ?? null}
          />
        </>
      )}
    </AdminPage>
  );
}

type FoundProps = {
  readonly accounts: readonly ListedAccount[];
  readonly known: Known;
  readonly store: AccountsStore;
  /** Null: none, or one that has been deleted. */
  readonly chosen: ListedAccount | null;
};

function Found({ accounts, known, store, chosen }: FoundProps) {
  const text = useSignal('');
  const sort = useSignal<AccountSort>('name');
  const own = useSession().user.value?.id;
  const name = useMemo(() => accountName(own), [own]);
  const found = chooseAccounts(accounts, text.value, sort.value);
  return (
    <div class="list-and-details" data-open={chosen !== null}>
      <section class="stack" aria-label={words.list}>
        {accounts.length > FEW_ACCOUNTS && <Finder text={text} sort={sort} />}
        <ListTable
          id="accounts"
          label={words.list}
          rows={found}
          keyOf={({ id }) => id}
          name={name}
          hrefOf={({ id }) => hrefOf({ page: 'admin', at: 'accounts', id })}
          columns={ACCOUNT_COLUMNS}
          // A few accounts stay in the order of their names: no heading leads back to it.
          {...(accounts.length > FEW_ACCOUNTS && {
            sort: sort.value,
            onSort: (wanted: AccountSort) => (sort.value = wanted),
          })}
          current={chosen?.id}
          empty={<NoneFound known={known} onClear={() => (text.value = '')} />}
        >
          {accounts.length > FEW_ACCOUNTS && (
            <p class="small quiet" role="status">
              {words.found(found.length)}
            </p>
          )}
        </ListTable>
      </section>
      {chosen !== null && <AccountDetails key={chosen.id} account={chosen} store={store} />}
    </div>
  );
}

function NoneFound({ known, onClear }: { readonly known: Known; readonly onClear: () => void }) {
  return (
    <div class="stack-tight">
      <p class="strong">{words.noneFound(known)}</p>
      <p class="quiet">{words.noneFoundWhat}</p>
      <p>
        <button type="button" class="button" onClick={onClear}>
          {words.clear}
        </button>
      </p>
    </div>
  );
}

type FinderProps = { readonly text: Signal<string>; readonly sort: Signal<AccountSort> };

function Finder({ text, sort }: FinderProps) {
  return (
    <search class="account-finder">
      <label class="field">
        <span class="small quiet">{words.search}</span>
        <input
          type="search"
          autocomplete="off"
          spellcheck={false}
          dir="auto"
          maxLength={128}
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span class="small quiet">{words.sort}</span>
        <select
          value={sort.value}
          onChange={({ currentTarget }) => (sort.value = ACCOUNT_SORTS[currentTarget.selectedIndex]!)}
        >
          {ACCOUNT_SORTS.map((each) => (
            <option key={each} value={each}>
              {words.sorts[each]}
            </option>
          ))}
        </select>
      </label>
    </search>
  );
}
