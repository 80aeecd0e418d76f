/** Opens the accounts that create sample data. They are marked, so that no other account is taken for one of them. */
import { randomBytes } from 'node:crypto';
import { SAMPLE_ACCOUNTS } from '#shared/protocol/sample.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import { findAccount, insertAccount, updateAccount } from '../auth/account.store.ts';
import { hashNewPassword, setPassword } from '../auth/set-password.ts';
import type { Trx } from '../database/database.ts';
import type { Caller } from '../http/route.ts';
import { sampleAccounts } from './sample.store.ts';
import type { SampleTools } from './sample-tools.ts';

type Opened = { readonly id: string; readonly username: string; readonly password: string };
type Wanted = (typeof SAMPLE_ACCOUNTS)[number] & { readonly password: string; readonly passwordHash: string };

/** Opens each account with a fresh password. @throws Problem user-exists: a person already has one of the usernames. */
export async function openAccounts(
  { db, now, forget, passwordCost }: SampleTools,
  { siteId, id: by }: Caller,
): Promise<Opened[]> {
  const wanted = await Promise.all(
    SAMPLE_ACCOUNTS.map(async (account): Promise<Wanted> => {
      const password = randomBytes(24).toString('base64url');
      const passwordHash = await hashNewPassword(password, account.username, passwordCost);
      return { ...account, password, passwordHash };
    }),
  );
  const opened = await db.transaction().execute(async (trx) => {
    const known = new Map((await sampleAccounts(trx, siteId)).map(({ username, id }) => [username, id]));
    const accounts: Opened[] = [];
    for (const account of wanted) {
      const id = known.get(account.username);
      const at = { siteId, by, now: now() };
      accounts.push({
        id: id === undefined ? await addAccount(trx, account, at) : await renew(trx, { ...account, id }, at),
        username: account.username,
        password: account.password,
      });
    }
    return accounts;
  });
  for (const { id } of opened) forget(id, []);
  return opened;
}

type At = { readonly siteId: string; readonly by: string; readonly now: Date };

async function addAccount(
  trx: Trx,
  { username, roles, passwordHash }: Wanted,
  { siteId, by, now }: At,
): Promise<string> {
  const id = await insertAccount(trx, { siteId, username, roles, passwordHash });
  if (id === null) throw new Problem('user-exists', `There is another account ${username}.`);
  await trx.insertInto('sample_account').values({ account_id: id, site_id: siteId }).execute();
  await recordAudit(trx, siteId, { event: 'user-added', accountId: id, by, roles }, now);
  return id;
}

/** Renews an account that exists already. An unfinished removal may have disabled it. */
async function renew(trx: Trx, account: Wanted & { readonly id: string }, at: At): Promise<string> {
  const { id, passwordHash } = account;
  const { siteId, by, now } = at;
  const isDisabled = (await findAccount(trx, { id }))?.isDisabled === true;
  if (isDisabled) {
    await updateAccount(trx, id, { disabledAt: null });
    await recordAudit(trx, siteId, { event: 'user-enabled', accountId: id, by }, now);
  }
  await setPassword(trx, { id, siteId }, { passwordHash, by, now });
  return id;
}
