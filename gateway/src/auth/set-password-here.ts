/**
 * Sets a new password on the gateway's own machine, without a session, for an administrator who has lost theirs. A
 * system user who can read the data directory already has access to everything that a password protects.
 */
import { type DatabasePlace, openBeside } from '../database/database.ts';
import { findAccount } from './account.store.ts';
import { PASSWORD_COST } from './password.ts';
import { hashNewPassword, setPassword } from './set-password.ts';

export type PasswordHere = { readonly username: string; readonly password: string };

/**
 * False: there is no user of this name. Ends the user's sessions, as each new password does. A running gateway drops
 * its cached answers about them within ten seconds. @throws Problem weak-password; the errors of `openBeside`.
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
