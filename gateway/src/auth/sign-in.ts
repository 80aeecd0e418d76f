/**
 * Signing in, staying signed in, signing out. Each is one transaction with its audit row. A wrong name and a
 * wrong password cannot be told apart, by the answer or by the time that it takes.
 */
import { recordAudit } from '../audit/audit.ts';
import type { Db } from '../database/database.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Session } from '#shared/protocol/api.ts';
import type { RateLimit } from '../http/rate-limit.ts';
import { ACCESS_TOKEN_SECONDS, type AccessTokens } from './access-token.ts';
import { type Account, defaultSiteId, findAccount, toUser } from './account.store.ts';
import { isPasswordOf } from './password.ts';
import { beginFamily, endFamilyOf, exchangeToken } from './refresh-token.store.ts';

export type SignInTools = {
  readonly db: Db;
  readonly accessTokens: AccessTokens;
  /** Attempts for one name from one address, and for one address in all. */
  readonly attempts: { readonly perName: RateLimit; readonly perAddress: RateLimit };
  readonly now: () => Date;
  readonly newId: () => string;
};

export type Credentials = { readonly username: string; readonly password: string };
/** A session with its refresh token; the routes decide whether that goes into the body or a cookie. */
export type OpenSession = Session & { readonly refreshToken: string };

async function openSession(tools: SignInTools, account: Account, refreshToken: string): Promise<OpenSession> {
  return {
    accessToken: await tools.accessTokens.sign({ accountId: account.id, deviceId: null }),
    refreshToken,
    expiresIn: ACCESS_TOKEN_SECONDS,
    user: toUser(account),
  };
}

/** @throws Problem wrong-credentials, rate-limited. */
export async function signIn(
  tools: SignInTools,
  { username, password }: Credentials,
  address: string,
): Promise<OpenSession> {
  const { db, attempts, now, newId } = tools;
  const waitSeconds = Math.max(
    attempts.perName.take(`${address} ${username.toLowerCase()}`),
    attempts.perAddress.take(address),
  );
  if (waitSeconds > 0) throw new Problem('rate-limited', undefined, { 'Retry-After': String(waitSeconds) });
  const account = await findAccount(db, { username });
  const isRight = await isPasswordOf(account?.passwordHash ?? null, password);
  if (!account || !isRight || account.isDisabled) {
    const because = !account ? 'unknown-user' : isRight ? 'disabled' : 'wrong-password';
    await db.transaction().execute(async (trx) => {
      await recordAudit(
        trx,
        account?.siteId ?? (await defaultSiteId(trx)),
        { event: 'login-failed', because, ...(account && { accountId: account.id }) },
        now(),
      );
    });
    throw new Problem('wrong-credentials');
  }
  const refreshToken = await db.transaction().execute(async (trx) => {
    const token = await beginFamily(trx, account.id, newId(), now());
    await recordAudit(trx, account.siteId, { event: 'login', accountId: account.id }, now());
    return token;
  });
  return openSession(tools, account, refreshToken);
}

/** @throws Problem session-ended. */
export async function refreshSession(tools: SignInTools, token: string): Promise<OpenSession> {
  const { db, now } = tools;
  const exchange = await db.transaction().execute(async (trx) => {
    const outcome = await exchangeToken(trx, token, now());
    if (outcome.kind !== 'reused') return outcome;
    const { accountId, familyId } = outcome;
    const account = await findAccount(trx, { id: accountId });
    if (account)
      await recordAudit(trx, account.siteId, { event: 'session-reused', accountId, familyId }, now());
    return outcome;
  });
  if (exchange.kind !== 'exchanged') throw new Problem('session-ended');
  const account = await findAccount(db, { id: exchange.accountId });
  if (!account || account.isDisabled) throw new Problem('session-ended');
  return openSession(tools, account, exchange.token);
}

/** Ends the session of the token; an unknown token changes nothing. */
export async function signOut({ db, now }: SignInTools, token: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const accountId = await endFamilyOf(trx, token, now());
    const account = accountId ? await findAccount(trx, { id: accountId }) : null;
    if (account) await recordAudit(trx, account.siteId, { event: 'logout', accountId: account.id }, now());
  });
}
