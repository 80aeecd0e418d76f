/** Accounts in the database. Names keep their case but are compared without regard to it. */
import { sql } from 'kysely';
import type { Role, User } from '#shared/protocol/api.ts';
import type { Db, Trx } from '../database/database.ts';

export type Account = User & {
  readonly passwordHash: string;
  readonly isDisabled: boolean;
  readonly createdAt: Date;
  /** Grows whenever the account's sessions are ended. */
  readonly epoch: number;
  /**
   * Grows whenever the account's API keys are ended. This happens when `epoch` grows, except for a change of roles,
   * which are checked at each use of a key.
   */
  readonly keyEpoch: number;
};

const COLUMNS = [
  'id',
  'site_id',
  'username',
  'roles',
  'password_hash',
  'created_at',
  'disabled_at',
  'epoch',
  'key_epoch',
] as const;
type Row = {
  id: string;
  site_id: string;
  username: string;
  roles: Role[];
  password_hash: string;
  created_at: Date;
  disabled_at: Date | null;
  epoch: number;
  key_epoch: number;
};

function toAccount(row: Row): Account {
  return {
    id: row.id,
    siteId: row.site_id,
    username: row.username,
    roles: row.roles,
    passwordHash: row.password_hash,
    isDisabled: row.disabled_at !== null,
    createdAt: row.created_at,
    epoch: row.epoch,
    keyEpoch: row.key_epoch,
  };
}

/** The part of an account that callers may see. */
export function toUser({ id, username, roles, siteId }: Account): User {
  return { id, username, roles, siteId };
}

export async function findAccount(
  db: Db | Trx,
  by: { id: string } | { username: string },
): Promise<Account | null> {
  const query = db.selectFrom('account').select(COLUMNS);
  const row = await ('id' in by
    ? query.where('id', '=', by.id)
    : query.where(sql`lower(username)`, '=', by.username.toLowerCase())
  ).executeTakeFirst();
  return row ? toAccount(row) : null;
}

/**
 * The account, locked until the transaction ends. A transaction that wants to end its sessions waits meanwhile, and
 * then also ends what this one has added. Call it before any other row of the account is locked.
 */
export async function holdAccount(trx: Trx, id: string): Promise<Account | null> {
  const row = await trx
    .selectFrom('account')
    .select(COLUMNS)
    .where('id', '=', id)
    .forShare()
    .executeTakeFirst();
  return row ? toAccount(row) : null;
}

export async function listAccounts(db: Db, siteId: string): Promise<Account[]> {
  return (
    await db
      .selectFrom('account')
      .select(COLUMNS)
      .where('site_id', '=', siteId)
      .orderBy(sql`lower(username)`)
      .execute()
  ).map(toAccount);
}

type NewAccount = {
  readonly siteId: string;
  readonly username: string;
  readonly roles: readonly Role[];
  readonly passwordHash: string;
};

/** The id of the new account, or null when the name is taken. */
export async function insertAccount(
  trx: Trx,
  { siteId, username, roles, passwordHash }: NewAccount,
): Promise<string | null> {
  const row = await trx
    .insertInto('account')
    .values({ site_id: siteId, username, roles: [...roles], password_hash: passwordHash, disabled_at: null })
    .onConflict((conflict) => conflict.expression(sql`lower(username)`).doNothing())
    .returning('id')
    .executeTakeFirst();
  return row?.id ?? null;
}

type AccountChange = {
  readonly passwordHash?: string;
  readonly roles?: readonly Role[];
  readonly disabledAt?: Date | null;
};

/**
 * Changes the account and voids every token signed for it until now. Its API keys end as well, unless only its roles
 * change.
 */
export async function updateAccount(
  trx: Trx,
  id: string,
  { passwordHash, roles, disabledAt }: AccountChange,
): Promise<void> {
  const isOfRoles = roles !== undefined && passwordHash === undefined && disabledAt === undefined;
  const change = {
    ...(passwordHash === undefined ? {} : { password_hash: passwordHash }),
    ...(roles === undefined ? {} : { roles: [...roles] }),
    ...(disabledAt === undefined ? {} : { disabled_at: disabledAt }),
    epoch: sql<number>`epoch + 1`,
    ...(isOfRoles ? {} : { key_epoch: sql<number>`key_epoch + 1` }),
  };
  await trx.updateTable('account').set(change).where('id', '=', id).execute();
}

/**
 * The accounts that can administer the site, locked in the same order until the transaction ends. Call it before
 * reading an account that may lose or get the role. If two administrators demote each other at once, the second waits
 * and then finds that no other administrator is left.
 */
export async function lockAdmins(trx: Trx, siteId: string): Promise<readonly string[]> {
  const admins = await trx
    .selectFrom('account')
    .select('id')
    .where('site_id', '=', siteId)
    .where('disabled_at', 'is', null)
    .where(sql<boolean>`'admin' = any(roles)`)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
  return admins.map(({ id }) => id);
}

export async function hasAccounts(db: Db | Trx): Promise<boolean> {
  return (await db.selectFrom('account').select('id').limit(1).executeTakeFirst()) !== undefined;
}
