/** Sets new passwords: a user's own, and those that an administrator sets for others. */
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Trx } from '../database/database.ts';
import { type Account, findAccount, updateAccount } from './account.store.ts';
import { endRightsOf } from './device-right.ts';
import { hashPassword, isPasswordOf, type PasswordCost } from './password.ts';
import { beginFamily, endFamiliesOf } from './refresh-token.store.ts';
import { openSession, type OpenSession, type SignInTools } from './sign-in.ts';
import { isEasyPassword } from './easy-passwords.ts';

/** Hashes a password if this user may have it. @throws Problem weak-password. */
export async function hashNewPassword(
  password: string,
  username: string,
  cost: PasswordCost,
): Promise<string> {
  if (await isEasyPassword(password, username)) throw new Problem('weak-password');
  return hashPassword(password, cost);
}

/** `by`: who sets it; null: somebody at the gateway's machine, without a session. */
type NewPassword = { readonly passwordHash: string; readonly by: string | null; readonly now: Date };

/**
 * Sets the password and ends every session and right to send of the account. Returns the devices whose right has
 * ended.
 */
export async function setPassword(
  trx: Trx,
  { id, siteId }: Pick<Account, 'id' | 'siteId'>,
  { passwordHash, by, now }: NewPassword,
): Promise<readonly string[]> {
  await updateAccount(trx, id, { passwordHash });
  await endFamiliesOf(trx, id, now);
  const devices = await endRightsOf(trx, { id, siteId }, 'password-set', now);
  await recordAudit(trx, siteId, { event: 'password-set', accountId: id, by }, now);
  return devices;
}

type Asker = Pick<SignInTools, 'db' | 'attempts' | 'now'>;
type Refused = 'password-change-failed' | 'password-not-confirmed';

/**
 * Confirms that it is this person who asks, and not somebody at their screen. `refused`: the event if it is not.
 * @throws Problem wrong-password, too-many-attempts, session-ended.
 */
export async function confirmPassword(
  { db, attempts, now }: Asker,
  id: string,
  password: string,
  refused: Refused = 'password-not-confirmed',
): Promise<Account> {
  attempts.takeAccount(id);
  const account = await findAccount(db, { id });
  if (account === null) throw new Problem('session-ended');
  if (!(await isPasswordOf(account.passwordHash, password, true))) {
    const failed = { event: refused, because: 'wrong-password', accountId: account.id } as const;
    await db.transaction().execute((trx) => recordAudit(trx, account.siteId, failed, now()));
    throw new Problem('wrong-password');
  }
  return account;
}

/**
 * Changes a user's own password. It ends all other sessions and begins this one again. @throws Problem wrong-password,
 * weak-password, too-many-attempts, session-ended.
 */
export async function changeOwnPassword(
  tools: SignInTools,
  caller: { readonly id: string; readonly epoch: number },
  { currentPassword, newPassword }: { readonly currentPassword: string; readonly newPassword: string },
): Promise<OpenSession> {
  const { db, now, newId, forget, passwordCost } = tools;
  const account = await confirmPassword(tools, caller.id, currentPassword, 'password-change-failed');
  const passwordHash = await hashNewPassword(newPassword, account.username, passwordCost);
  const { devices, changed, token } = await db.transaction().execute(async (trx) => {
    const devices = await setPassword(trx, account, { passwordHash, by: account.id, now: now() });
    const changed = await findAccount(trx, { id: account.id });
    // Somebody ended this session while the passwords were checked, so it may not change anything any more.
    if (changed === null || changed.isDisabled || changed.epoch !== caller.epoch + 1)
      throw new Problem('session-ended');
    return { devices, changed, token: await beginFamily(trx, account.id, newId(), now()) };
  });
  forget(account.id, devices);
  return openSession(tools, changed, token);
}
