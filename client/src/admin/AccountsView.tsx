/** The accounts of the site: who may sign in, what they may do, and how the accounts are used. */
import { useSignal, type Signal } from '@preact/signals';
import type { Known } from '../kit/resource.ts';
import { usePageStore } from '../net/use-page-store.ts';
import { AccountRow } from './AccountRow.tsx';
import { accountsWords as words } from './accounts-words.ts';
import { createAccountsStore, type AccountsStore, type ListedAccount } from './accounts.store.ts';
import { AdminPage } from './AdminPage.tsx';
import { ACCOUNT_SORTS, chooseAccounts, FEW_ACCOUNTS, type AccountSort } from './choose-accounts.ts';
import { NewAccountSheet } from './NewAccountSheet.tsx';

/** People sign in meanwhile, but nobody waits to see it here. */
const REFRESH_MS = 60_000;

export function AccountsView() {
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
          <Found accounts={accounts} known={known} store={store} />
        </>
      )}
    </AdminPage>
  );
}

type FoundProps = {
  readonly accounts: readonly ListedAccount[];
  readonly known: Known;
  readonly store: AccountsStore;
};

function Found({ accounts, known, store }: FoundProps) {
  const text = useSignal('');
  const sort = useSignal<AccountSort>('name');
  const found = chooseAccounts(accounts, text.value, sort.value);
  return (
    <section class="stack" aria-label={words.list}>
      {accounts.length > FEW_ACCOUNTS && <Finder text={text} sort={sort} />}
      {accounts.length > FEW_ACCOUNTS && (
        <p class="small quiet" role="status">
          {words.found(found.length)}
        </p>
      )}
      {found.length === 0 && (
        <div class="stack-tight">
          <p class="strong">{words.noneFound(known)}</p>
          <p class="quiet">{words.noneFoundWhat}</p>
          <p>
            <button type="button" class="button" onClick={() => (text.value = '')}>
              {words.clear}
            </button>
          </p>
        </div>
      )}
      <ul class="plain">
        {found.map((account) => (
          <li key={account.id} class="hairline">
            <AccountRow account={account} store={store} />
          </li>
        ))}
      </ul>
    </section>
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
