/** The columns of the list of accounts: who may do what, and how each account is used. */
import { formatMoment } from '../kit/format.ts';
import { kitWords } from '../kit/kit-words.ts';
import type { Column } from '../kit/ListTable.tsx';
import { accountsWords as words } from './accounts-words.ts';
import type { ListedAccount } from './accounts.store.ts';
import type { AccountSort } from './choose-accounts.ts';

const said = words.columns;
const when = (at: string): string => formatMoment(new Date(at), new Date());

export const accountName = (own: string | undefined) =>
  ({
    label: said.name,
    cell: ({ id, username }: ListedAccount) => (
      <>
        <bdi>{username}</bdi>
        {id === own && <span class="small quiet">{words.you}</span>}
      </>
    ),
  }) as const;

export const ACCOUNT_COLUMNS: readonly Column<ListedAccount, AccountSort>[] = [
  {
    id: 'roles',
    label: said.roles,
    track: 'minmax(20%, 1fr)',
    cell: ({ roles }) => roles.map((role) => kitWords.roles[role]).join(kitWords.separator),
  },
  {
    id: 'state',
    label: said.state,
    isState: true,
    cell: ({ disabled }) => disabled && <span class="account-disabled">{words.disabled}</span>,
  },
  {
    id: 'lastSignIn',
    label: said.lastSignIn,
    isLabelled: true,
    orders: [
      { sort: 'recent', is: 'descending' },
      { sort: 'unused', is: 'ascending' },
    ],
    cell: ({ lastSignInAt }) => (lastSignInAt === null ? words.never : when(lastSignInAt)),
  },
  {
    id: 'sessions',
    label: said.sessions,
    isLabelled: true,
    cell: ({ sessions }) => sessions > 0 && `${sessions}`,
  },
  {
    id: 'devices',
    label: said.devices,
    isLabelled: true,
    isExtra: true,
    cell: ({ devices }) => devices > 0 && `${devices}`,
  },
  {
    id: 'created',
    label: said.created,
    isLabelled: true,
    isExtra: true,
    cell: ({ createdAt }) => when(createdAt),
  },
];
