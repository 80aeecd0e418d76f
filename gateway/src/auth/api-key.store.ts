/** API keys in the database, found by the digest of their text. */
import { sql } from 'kysely';
import type { ApiKeyList, ApiKeyScope, ApiKeyState, ListedApiKey } from '#shared/protocol/api-key.ts';
import type { Db, Trx } from '../database/database.ts';
import type { KnownKey } from '../http/authenticate.ts';

/** The number of keys on a page. */
const PAGE = 100;
/** The last use is written this often at most, because a write for every request would cost more than the request. */
const LAST_USED_MS = 60_000;

type NewApiKey = {
  readonly siteId: string;
  readonly accountId: string;
  /** The account's `keyEpoch` when the key was made; the key ends when that grows. */
  readonly epoch: number;
  readonly name: string;
  readonly digest: string;
  readonly scopes: readonly ApiKeyScope[];
  readonly policy: string | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
};

/** Returns the id of the new key. */
export async function insertApiKey(trx: Trx, key: NewApiKey): Promise<string> {
  const { id } = await trx
    .insertInto('api_key')
    .values({
      site_id: key.siteId,
      account_id: key.accountId,
      epoch: key.epoch,
      name: key.name,
      digest: key.digest,
      scopes: [...key.scopes],
      policy: key.policy,
      created_by: key.createdBy,
      created_at: key.createdAt,
      expires_at: key.expiresAt,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Finds a key that was not revoked, and records that it is used now. The caller checks its expiry and its epoch. */
export async function useApiKey(db: Db, digest: string, now: Date): Promise<KnownKey | null> {
  const row = await db
    .selectFrom('api_key')
    .select(['id', 'account_id', 'epoch', 'scopes', 'policy', 'expires_at', 'last_used_at'])
    .where('digest', '=', digest)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (!row) return null;
  const isLate = row.last_used_at === null || now.getTime() - row.last_used_at.getTime() >= LAST_USED_MS;
  if (isLate && now < row.expires_at)
    await db.updateTable('api_key').set({ last_used_at: now }).where('id', '=', row.id).execute();
  const { id, account_id: accountId, epoch, scopes, policy, expires_at: expiresAt } = row;
  return { id, accountId, epoch, scopes, policy, expiresAt };
}

type RevokedKey = { readonly accountId: string; readonly digest: string };

/** Null: the key was revoked before. Undefined: the site has no such key. */
export async function revokeApiKey(
  trx: Trx,
  { id, siteId, now }: { readonly id: string; readonly siteId: string; readonly now: Date },
): Promise<RevokedKey | null | undefined> {
  const row = await trx
    .selectFrom('api_key')
    .select(['account_id', 'digest', 'revoked_at'])
    .where('id', '=', id)
    .where('site_id', '=', siteId)
    .forUpdate()
    .executeTakeFirst();
  if (!row) return undefined;
  if (row.revoked_at !== null) return null;
  await trx.updateTable('api_key').set({ revoked_at: now }).where('id', '=', id).execute();
  return { accountId: row.account_id, digest: row.digest };
}

type SiteKeys = { readonly siteId: string; readonly now: Date };
/** `after`: the id of the last key on the page before. */
type KeyPage = SiteKeys & { readonly isEnded: boolean; readonly after: string | undefined };

/** A page of the site's keys, the newest first. Their order never changes, so no key is missed between two pages. */
export async function listApiKeys(db: Db, { siteId, now, isEnded, after }: KeyPage): Promise<ApiKeyList> {
  const ended = sql<boolean>`(api_key.revoked_at is not null or api_key.expires_at <= ${now}
    or account.disabled_at is not null or api_key.epoch <> account.key_epoch)`;
  let query = selectKeys(db, siteId)
    .where(sql<boolean>`${ended} = ${isEnded}`)
    .orderBy('api_key.created_at', 'desc')
    .orderBy('api_key.id', 'desc')
    .limit(PAGE + 1);
  if (after !== undefined)
    query = query.where(
      sql<boolean>`(api_key.created_at, api_key.id) < (select k.created_at, k.id from api_key k where k.id = ${after}::uuid)`,
    );
  const rows = await query.execute();
  const shown = rows.slice(0, PAGE);
  const next = rows.length > PAGE ? shown.at(-1)!.id : null;
  return { keys: shown.map((row) => toListed(row, now)), next };
}

/** Throws if the site has no such key. */
export async function findApiKey(trx: Trx, id: string, { siteId, now }: SiteKeys): Promise<ListedApiKey> {
  const row = await selectKeys(trx, siteId).where('api_key.id', '=', id).executeTakeFirstOrThrow();
  return toListed(row, now);
}

const selectKeys = (db: Db | Trx, siteId: string) =>
  db
    .selectFrom('api_key')
    .innerJoin('account', 'account.id', 'api_key.account_id')
    .innerJoin('account as maker', 'maker.id', 'api_key.created_by')
    .selectAll('api_key')
    .select([
      'account.username',
      'maker.username as maker',
      'account.disabled_at',
      'account.key_epoch as current',
    ])
    .where('api_key.site_id', '=', siteId);

type KeyRow = Awaited<ReturnType<ReturnType<typeof selectKeys>['executeTakeFirstOrThrow']>>;

const toListed = (row: KeyRow, now: Date): ListedApiKey => ({
  id: row.id,
  name: row.name,
  account: { id: row.account_id, username: row.username },
  scopes: row.scopes,
  policy: row.policy,
  state: stateOf(row, now),
  createdAt: row.created_at.toISOString(),
  createdBy: row.maker,
  expiresAt: row.expires_at.toISOString(),
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
});

type Standing = {
  readonly revoked_at: Date | null;
  readonly expires_at: Date;
  readonly disabled_at: Date | null;
  readonly epoch: number;
  readonly current: number;
};

function stateOf(row: Standing, now: Date): ApiKeyState {
  if (row.revoked_at !== null) return 'revoked';
  if (row.expires_at <= now) return 'expired';
  return row.disabled_at !== null || row.epoch !== row.current ? 'account-ended' : 'active';
}
