/**
 * A new password set on the gateway's own machine, without a session: the way back in for an administrator who has
 * lost theirs. An account that may read the data directory has everything that a password protects already.
 */
import { type DatabasePlace, openBeside } from '../database/database.ts';
import { findAccount } from './account.store.ts';
import { PASSWORD_COST } from './password.ts';
import { hashNewPassword, setPassword } from './set-password.ts';

export type PasswordHere = { readonly username: string; readonly password: string };

/**
 * False: there is no user of this name. Ends the user's sessions, as each new password does; a gateway that runs
 * forgets those that it remembers within ten seconds. @throws Problem weak-password; as `openBeside`.
 */
export async function setPasswordHere(
  place: DatabasePlace,
  { username, password }: PasswordHere,
): Promise<boolean> {
  const { db, close } = await openBeside(place);
  try {
    const account = await findAccount(db, { username });
    if (account === null) return false;
    const passwordHash = await hashNewPassword(password, account.username, PASSWORD_COST);
    const change = { passwordHash, by: null, now: new Date() };
    await db.transaction().execute((trx) => setPassword(trx, account, change));
    return true;
  } finally {
    await close();
  }
}
