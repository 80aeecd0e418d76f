/** The policies: a list of what each does, the details of the one that is chosen, and the form of a new version. */
import { useSignal } from '@preact/signals';
import type { Column } from '../kit/ListTable.tsx';
import { ListTable } from '../kit/ListTable.tsx';
import { leadFromHere } from '../kit/lead-from-here.ts';
import { hrefOf } from '../kit/routes.ts';
import { usePageStore } from '../net/use-page-store.ts';
import { AdminPage } from './AdminPage.tsx';
import { policiesWords as words } from './policies-words.ts';
import { createPoliciesStore, type ListedPolicy } from './policies.store.ts';
import { PolicyDetails } from './PolicyDetails.tsx';
import { rolesOf, stateOf, summaryOf } from './policy-facts.ts';
import { PolicySheet } from './PolicySheet.tsx';

const addressOf = (name: string): string => hrefOf({ page: 'admin', at: 'policies', id: name });
/** The policy whose copy a new one is at first: the built-in one that removes names. */
const FIRST = 'deidentified';

const REFRESH_MS = 30_000;

const NAME = {
  label: words.columns.name,
  cell: ({ title, name }: ListedPolicy) => (
    <>
      <bdi>{title}</bdi>
      <span class="small quiet code">{name}</span>
    </>
  ),
} as const;

const COLUMNS: readonly Column<ListedPolicy>[] = [
  {
    id: 'what',
    label: words.columns.what,
    cell: ({ policy }) => policy !== null && summaryOf(policy),
    track: 'fit-content(24%)',
  },
  {
    id: 'roles',
    label: words.columns.roles,
    track: 'minmax(20%, 1fr)',
    cell: ({ policy }) => policy !== null && rolesOf(policy),
  },
  {
    id: 'version',
    label: words.columns.version,
    isLabelled: true,
    cell: ({ inForce, versions }) => `${inForce ?? versions[0]?.version ?? ''}`,
  },
  {
    id: 'state',
    label: words.columns.state,
    isState: true,
    cell: (of) => <span class={of.inForce === null ? 'account-disabled' : ''}>{stateOf(of)}</span>,
  },
];

/** `from`: the name of the policy that is changed or copied. */
type Editing = { readonly from: string; readonly isNew: boolean };

export function PoliciesView({ id }: { readonly id: string }) {
  const store = usePageStore(createPoliciesStore, REFRESH_MS);
  const editing = useSignal<Editing | null>(null);
  return (
    <AdminPage at="policies" intro={words.intro} of={store.list} trouble={store.trouble}>
      {({ policies, people }) => {
        const chosen = policies.find(({ name }) => name === id) ?? null;
        return (
          <>
            <p>
              <button
                type="button"
                class="button button-main"
                aria-haspopup="dialog"
                onClick={() => (editing.value = { from: FIRST, isNew: true })}
              >
                {words.add}
              </button>
            </p>
            <div class="list-and-details" data-open={chosen !== null}>
              <ListTable
                id="policies"
                label={words.list}
                rows={policies}
                keyOf={({ name }) => name}
                name={NAME}
                hrefOf={({ name }) => addressOf(name)}
                columns={COLUMNS}
                current={chosen?.name}
                empty={null}
              />
              {chosen !== null && (
                <PolicyDetails
                  key={chosen.name}
                  {...{ listed: chosen, people, store }}
                  onEdit={(isNew) => (editing.value = { from: chosen.name, isNew })}
                />
              )}
            </div>
            {editing.value !== null && (
              <PolicySheet
                {...editing.value}
                policies={policies}
                onSave={async (policy, replaces) => {
                  const lead = leadFromHere();
                  await store.save(policy, replaces);
                  lead(addressOf(policy.name));
                }}
                onClose={() => (editing.value = null)}
              />
            )}
          </>
        );
      }}
    </AdminPage>
  );
}
