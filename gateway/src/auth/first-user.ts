/** Creates the user `admin` at the first start, so that somebody can sign in and add the others. */
import { recordAudit } from '../audit/audit.ts';
import { ConfigMistakes } from '../config.ts';
import type { Db } from '../database/database.ts';
import { hasAccounts, insertAccount } from './account.store.ts';
import { defaultSiteId } from '../database/default-site.ts';
import { isEasyPassword } from './easy-passwords.ts';
import { hashPassword, makePassword, type PasswordCost } from './password.ts';

const FIRST_USER = 'admin';

type FirstUserTools = {
  readonly now: Date;
  readonly passwordCost: PasswordCost;
  readonly showPassword: (password: string) => void;
};

/**
 * Creates `admin` if there is no account at all. `given` is its password. If none is given, a password is generated
 * and shown before the account is saved, so that an interrupted start leaves no account with a password that nobody
 * has seen. An existing account keeps its password, whatever `given` says.
 * @throws ConfigMistakes if the given password is easy to guess.
 */
export async function ensureFirstUser(
  db: Db,
  given: string | null,
  { now, passwordCost, showPassword }: FirstUserTools,
): Promise<void> {
  if (await hasAccounts(db)) return;
  if (given !== null && (await isEasyPassword(given, FIRST_USER)))
    throw new ConfigMistakes([
      'RELAY_ADMIN_PASSWORD is too easy to guess: choose one that is not common, for example four words. Without it a password is made and shown once.',
    ]);
  const password = given ?? makePassword();
  const passwordHash = await hashPassword(password, passwordCost);
  await db.transaction().execute(async (trx) => {
    const siteId = await defaultSiteId(trx);
    const accountId = await insertAccount(trx, {
      siteId,
      username: FIRST_USER,
      roles: ['admin'],
      passwordHash,
    });
    if (!accountId) return;
    await recordAudit(trx, siteId, { event: 'user-added', accountId, by: null, roles: ['admin'] }, now);
    if (given === null) showPassword(password);
  });
}
