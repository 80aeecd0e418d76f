/**
 * Vaults and their entries: sealed identities by pseudonym. The gateway neither opens nor checks them. A false entry
 * cannot displace another account's, because each upload has its own.
 */
import { sql, type Selectable } from 'kysely';
import { VAULT_ENTRIES_LIMIT } from '#shared/protocol/limits.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Vault, VaultEntry, VaultTerms } from '#shared/protocol/vault.ts';
import { parseBase64Url, toBase64Url } from '#shared/transfer/base64url.ts';
import type { Db, Trx } from '../database/database.ts';
import type { VaultTable } from '../database/vault-tables.ts';

export type VaultRow = Selectable<VaultTable>;

/** The id and keys that entries and requests refer to; null: a half of the vault has no key yet. */
export function termsOf({ id, first_key, second_key }: VaultRow): VaultTerms | null {
  return first_key === null || second_key === null ? null : { id, keys: [first_key, second_key] };
}

/** The vault that devices seal identities to; null: the site has none, or one of its halves has no key yet. */
export async function openVault(db: Db, siteId: string): Promise<VaultTerms | null> {
  const row = await vaultInForce(db, siteId);
  return row === undefined ? null : termsOf(row);
}

/** The vault that is not closed. */
function vaultInForce(db: Db, siteId: string): Promise<VaultRow | undefined> {
  return db
    .selectFrom('vault')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('closed_at', 'is', null)
    .executeTakeFirst();
}

/** Locks the vault until the transaction ends. */
export function lockVault(trx: Trx, siteId: string, id: string): Promise<VaultRow | undefined> {
  return trx
    .selectFrom('vault')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
}

/** Which half of the vault this account holds; null: none. */
export function placeOf({ first_holder, second_holder }: VaultRow, accountId: string): 0 | 1 | null {
  if (accountId === first_holder) return 0;
  return accountId === second_holder ? 1 : null;
}

/** Vaults, newest first. `holder`: only vaults that this account holds a half of. */
export async function listVaults(db: Db, siteId: string, holder: string | null): Promise<Vault[]> {
  const rows = await db
    .selectFrom('vault')
    .innerJoin('account as first', 'first.id', 'vault.first_holder')
    .innerJoin('account as second', 'second.id', 'vault.second_holder')
    .selectAll('vault')
    .select(['first.username as first_name', 'second.username as second_name'])
    .select((from) => [
      from
        .selectFrom('vault_entry')
        .select(sql<number>`count(*)::int`.as('n'))
        .whereRef('vault_entry.vault_id', '=', 'vault.id')
        .as('entries'),
      from
        .selectFrom('vault_entry')
        .select(sql<number>`count(distinct pseudonym)::int`.as('n'))
        .whereRef('vault_entry.vault_id', '=', 'vault.id')
        .as('patients'),
    ])
    .where('vault.site_id', '=', siteId)
    .where(sql<boolean>`(${holder}::uuid is null or ${holder}::uuid in (first_holder, second_holder))`)
    .orderBy('made_at', 'desc')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    state: stateOf(row),
    holders: [
      { account: row.first_holder, username: row.first_name, key: row.first_key },
      { account: row.second_holder, username: row.second_name, key: row.second_key },
    ],
    madeAt: row.made_at.toISOString(),
    closedAt: row.closed_at?.toISOString() ?? null,
    entries: row.entries ?? 0,
    patients: row.patients ?? 0,
  }));
}

function stateOf(row: VaultRow): Vault['state'] {
  if (row.closed_at !== null) return 'closed';
  return termsOf(row) === null ? 'waiting' : 'open';
}

type Writer = {
  readonly siteId: string;
  readonly accountId: string;
  readonly uploadId: string;
  readonly now: Date;
};

/**
 * Stores the entries of an upload once, and returns how many are new. Entries for a vault that was closed while the
 * study waited on its device are dropped. An account that has already brought instances with an entry for the same
 * pseudonym needs no second one. An upload may have as many entries as one manifest may, over all of its manifests;
 * with more, this throws `invalid-request`.
 */
export async function keepEntries(
  trx: Trx,
  entries: readonly VaultEntry[],
  { siteId, accountId, uploadId, now }: Writer,
): Promise<number> {
  const terms = entries.length === 0 ? null : await openVault(trx, siteId);
  if (terms === null) return 0;
  let kept = 0;
  for (const { vault, pseudonym, sealed } of entries) {
    if (vault !== terms.id) continue;
    const { numAffectedRows } = await sql`
      insert into vault_entry (vault_id, pseudonym, upload_id, account_id, sealed, written_at)
      select ${vault}::uuid, ${pseudonym}::text, ${uploadId}::uuid, ${accountId}::uuid, ${Buffer.from(parseBase64Url(sealed))}::bytea, ${now}::timestamptz
      where not exists (
        select 1 from vault_entry e
        join upload_instance u on u.upload_id = e.upload_id join instance i on i.id = u.instance_id
        where e.vault_id = ${vault}::uuid and e.pseudonym = ${pseudonym} and e.account_id = ${accountId}::uuid and i.brought)
      on conflict do nothing`.execute(trx);
    kept += Number(numAffectedRows ?? 0);
  }
  if (kept > 0 && (await countOfUpload(trx, terms.id, uploadId)) > VAULT_ENTRIES_LIMIT)
    throw new Problem('invalid-request', 'Invalid: vault.');
  return kept;
}

async function countOfUpload(trx: Trx, vaultId: string, uploadId: string): Promise<number> {
  const { n } = await trx
    .selectFrom('vault_entry')
    .select(sql<number>`count(*)::int`.as('n'))
    .where('vault_id', '=', vaultId)
    .where('upload_id', '=', uploadId)
    .executeTakeFirstOrThrow();
  return n;
}

type StoredEntry = {
  readonly id: number;
  readonly writtenBy: string;
  readonly writtenAt: Date;
  readonly hasArrived: boolean;
  readonly sealed: string;
};

/** No patient has been sent by more accounts than this. */
const WRITERS_LIMIT = 64;

/**
 * The entries for a pseudonym, one for each account: the first one whose study has arrived, else its first one. Entries
 * that have arrived are listed first, so that mere promises cannot push them out. `among`: only these entries; null:
 * all.
 */
export async function entriesFor(
  db: Db,
  vaultId: string,
  pseudonym: string,
  among: readonly number[] | null = null,
): Promise<StoredEntry[]> {
  const { rows } = await sql<{ id: string; username: string; at: Date; arrived: boolean; sealed: Buffer }>`
    select * from (
      select distinct on (e.account_id) e.id, a.username, e.written_at as at, e.sealed, exists (
          select 1 from upload_instance u join instance i on i.id = u.instance_id
          where u.upload_id = e.upload_id and i.brought) as arrived
      from vault_entry e join account a on a.id = e.account_id
      where e.vault_id = ${vaultId}::uuid and e.pseudonym = ${pseudonym}
        and (${among}::bigint[] is null or e.id = any(${among}::bigint[]))
      order by e.account_id, arrived desc, e.id) each_account
    order by arrived desc, id limit ${WRITERS_LIMIT}`.execute(db);
  return rows.map(({ id, username, at, arrived, sealed }) => ({
    id: Number(id),
    writtenBy: username,
    writtenAt: at,
    hasArrived: arrived,
    sealed: toBase64Url(sealed),
  }));
}

/** Deletes the vault with all its entries and requests; returns how many entries it had. */
export async function destroyVault(trx: Trx, id: string): Promise<number> {
  const entries = await countEntries(trx, id);
  await trx.deleteFrom('vault').where('id', '=', id).execute();
  return entries;
}

export async function countEntries(db: Db, vaultId: string): Promise<number> {
  const { n } = await db
    .selectFrom('vault_entry')
    .select(sql<number>`count(*)::int`.as('n'))
    .where('vault_id', '=', vaultId)
    .executeTakeFirstOrThrow();
  return n;
}
