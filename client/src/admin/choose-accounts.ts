/** Filters and sorts the listed accounts. Pure. */
import { kitWords } from '../kit/kit-words.ts';
import type { ListedAccount } from './accounts.store.ts';

export const ACCOUNT_SORTS = ['name', 'recent', 'unused'] as const;
export type AccountSort = (typeof ACCOUNT_SORTS)[number];
/** A longer list is no longer seen at a glance. */
export const FEW_ACCOUNTS = 10;

/** Every search word must occur in the name or in the name of a role. */
export function chooseAccounts(
  accounts: readonly ListedAccount[],
  text: string,
  sort: AccountSort,
): readonly ListedAccount[] {
  const words = plain(text).split(/\s+/).filter(Boolean);
  const found = accounts.filter(({ username, roles }) => {
    const searched = plain([username, ...roles.map((role) => kitWords.roles[role])].join(' '));
    return words.every((word) => searched.includes(word));
  });
  return found.toSorted((a, b) => ORDER[sort](a, b) || byName(a, b));
}

const plain = (text: string): string => text.normalize('NFKC').toLowerCase();

type Order = (a: ListedAccount, b: ListedAccount) => number;
const names = new Intl.Collator(undefined, { numeric: true });
const byName: Order = (a, b) => names.compare(a.username, b.username);
const signedIn = ({ lastSignInAt }: ListedAccount): number =>
  lastSignInAt === null ? 0 : Date.parse(lastSignInAt);
const ORDER: Record<AccountSort, Order> = {
  name: byName,
  recent: (a, b) => signedIn(b) - signedIn(a),
  unused: (a, b) => signedIn(a) - signedIn(b),
};
