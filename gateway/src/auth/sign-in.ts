/**
 * Signing in, refreshing a session and signing out. Each is one transaction that includes its audit row. Neither the
 * answer nor the time that it takes reveals whether the name or the password was wrong.
 */
import { recordAudit } from '../audit/audit.ts';
import type { Db, Trx } from '../database/database.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Session } from '#shared/protocol/api.ts';
import { ACCESS_TOKEN_SECONDS, type AccessTokens } from './access-token.ts';
import { type Account, findAccount, holdAccount, toUser, updateAccount } from './account.store.ts';
import { defaultSiteId } from '../database/default-site.ts';
import { type Attempts, tooManyAttempts } from './attempts.ts';
import { endRightsOf } from './device-right.ts';
import type { KnownDevices } from './known-device.ts';
import { isPasswordOf, type PasswordCost, PasswordsBusy, waitAsForPassword } from './password.ts';
import { beginFamily, endFamiliesOf, endFamilyOf, exchangeToken } from './refresh-token.store.ts';

export type SignInTools = {
  readonly db: Db;
  readonly passwordCost: PasswordCost;
  readonly accessTokens: AccessTokens;
  readonly attempts: Attempts;
  readonly knownDevices: KnownDevices;
  /** 32 bytes; refresh tokens are derived with it. */
  readonly refreshSecret: Uint8Array;
  readonly now: () => Date;
  readonly newId: () => string;
  /** Drops the cached answers about the account or these devices, whose rights have changed. */
  readonly forget: (accountId: string, deviceIds: readonly string[]) => void;
};

type Credentials = { readonly username: string; readonly password: string };
/**
 * Where an attempt comes from. `shown`: the text that the browser has kept since the account last signed in there.
 */
type Origin = {
  readonly address: string;
  readonly shown: (accountId: string) => string | undefined;
};
/** A session with its refresh token. The routes decide whether the token goes into the body or into a cookie. */
export type OpenSession = Session & { readonly refreshToken: string };

export async function openSession(
  tools: Pick<SignInTools, 'accessTokens'>,
  account: Account,
  refreshToken: string,
): Promise<OpenSession> {
  const { id: accountId, epoch } = account;
  return {
    accessToken: await tools.accessTokens.sign({ accountId, epoch, deviceId: null }),
    refreshToken,
    expiresIn: ACCESS_TOKEN_SECONDS,
    user: toUser(account),
  };
}

/** @throws Problem wrong-credentials, account-disabled (to whoever knows the password), too-many-attempts. */
export async function signIn(
  tools: SignInTools,
  { username, password }: Credentials,
  origin: Origin,
): Promise<OpenSession> {
  const { db, attempts, now, newId } = tools;
  const account = await findAccount(db, { username });
  const known = account && tools.knownDevices.read(account.id, origin.shown(account.id));
  if (known) attempts.takeKnown(known);
  else attempts.takeStranger(origin.address, username, account !== null);
  if (account === null && !attempts.mayCost(origin.address)) {
    await waitAsForPassword();
    throw new Problem('wrong-credentials');
  }
  const isRight = await checkPassword(tools, account, password, known !== null);
  const token =
    account && isRight && !account.isDisabled
      ? await db.transaction().execute(async (trx) => {
          // A password that was changed during the check no longer lets anybody in.
          const held = await holdAccount(trx, account.id);
          if (held?.epoch !== account.epoch) return null;
          const begun = await beginFamily(trx, account.id, newId(), now());
          const event = { event: 'login', accountId: account.id, address: origin.address } as const;
          await recordAudit(trx, account.siteId, event, now());
          return begun;
        })
      : null;
  if (account && token !== null) return openSession(tools, account, token);
  const failure = { account, isRight, address: origin.address };
  await db.transaction().execute((trx) => recordFailure(trx, failure, now()));
  throw new Problem(isRight && account?.isDisabled ? 'account-disabled' : 'wrong-credentials');
}

/** @throws Problem too-many-attempts: too many passwords wait to be checked. */
async function checkPassword(
  { passwordCost }: SignInTools,
  account: Account | null,
  password: string,
  isKnown: boolean,
): Promise<boolean> {
  try {
    return await isPasswordOf(account?.passwordHash ?? null, password, isKnown, passwordCost);
  } catch (error) {
    throw error instanceof PasswordsBusy ? tooManyAttempts(error.waitSeconds) : error;
  }
}

type Failure = {
  readonly account: Account | null;
  readonly isRight: boolean;
  readonly address: string;
};

async function recordFailure(trx: Trx, { account, isRight, address }: Failure, now: Date): Promise<void> {
  if (account === null)
    return recordAudit(
      trx,
      await defaultSiteId(trx),
      { event: 'login-failed', because: 'unknown-user', address },
      now,
    );
  const because = isRight && account.isDisabled ? 'disabled' : 'wrong-password';
  const event = { event: 'login-failed', because, accountId: account.id, address } as const;
  return recordAudit(trx, account.siteId, event, now);
}

/** @throws Problem session-ended. */
export async function refreshSession(tools: SignInTools, token: string): Promise<OpenSession> {
  const { db, now, refreshSecret } = tools;
  const exchange = await db.transaction().execute(async (trx) => {
    const outcome = await exchangeToken(trx, token, refreshSecret, now());
    if (outcome.kind !== 'reused') return outcome;
    const { account, familyId } = outcome;
    await recordAudit(
      trx,
      account.siteId,
      { event: 'session-reused', accountId: account.id, familyId },
      now(),
    );
    return outcome;
  });
  if (exchange.kind !== 'exchanged') throw new Problem('session-ended');
  return openSession(tools, exchange.account, exchange.token);
}

/** Ends the session to which the token belongs; an unknown token changes nothing. */
export async function signOut(
  { db, now }: SignInTools,
  token: string,
  event: 'logout' | 'locked',
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const accountId = await endFamilyOf(trx, token, now());
    const account = accountId ? await findAccount(trx, { id: accountId }) : null;
    if (account) await recordAudit(trx, account.siteId, { event, accountId: account.id }, now());
  });
}

/** Ends every session of the account and the right to send of all its devices. `by`: the administrator who did it. */
export async function signOutEverywhere(
  { db, now, forget }: Pick<SignInTools, 'db' | 'now' | 'forget'>,
  account: Pick<Account, 'id' | 'siteId'>,
  by?: string,
): Promise<void> {
  const { id, siteId } = account;
  const devices = await db.transaction().execute(async (trx) => {
    await updateAccount(trx, id, {});
    await endFamiliesOf(trx, id, now());
    const ended = await endRightsOf(trx, account, 'signed-out', now());
    const signedOut = { event: 'logout', accountId: id, everywhere: true } as const;
    const event = by === undefined ? signedOut : { ...signedOut, by };
    await recordAudit(trx, siteId, event, now());
    return ended;
  });
  forget(id, devices);
}
