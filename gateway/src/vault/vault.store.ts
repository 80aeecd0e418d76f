/**
 * Vaults and their entries: sealed identities by pseudonym. The gateway opens none of them and checks none. An account
 * that writes a false one displaces nobody's: each upload has its own.
 */
import { sql, type Selectable } from 'kysely';
import { VAULT_ENTRIES_LIMIT } from '#shared/protocol/limits.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Vault, VaultEntry, VaultTerms } from '#shared/protocol/vault.ts';
import { parseBase64Url, toBase64Url } from '#shared/transfer/base64url.ts';
import type { Db, Trx } from '../database/database.ts';
import type { VaultTable } from '../database/vault-tables.ts';

export type VaultRow = Selectable<VaultTable>;

/** The state that entries and requests go by; null for a vault that waits for a half. */
export function termsOf({ id, first_key, second_key }: VaultRow): VaultTerms | null {
  return first_key === null || second_key === null ? null : { id, keys: [first_key, second_key] };
}

/** Devices seal to it; null: the site has none, or it waits for a half. */
export async function openVault(db: Db, siteId: string): Promise<VaultTerms | null> {
  const row = await vaultInForce(db, siteId);
  return row === undefined ? null : termsOf(row);
}

/** The one that is not closed. */
function vaultInForce(db: Db, siteId: string): Promise<VaultRow | undefined> {
  return db
    .selectFrom('vault')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('closed_at', 'is', null)
    .executeTakeFirst();
}

/** Locked until the transaction ends. */
export function lockVault(trx: Trx, siteId: string, id: string): Promise<VaultRow | undefined> {
  return trx
    .selectFrom('vault')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
}

/** Where this account has its place in the vault; null: it holds no half. */
export function placeOf({ first_holder, second_holder }: VaultRow, accountId: string): 0 | 1 | null {
  if (accountId === first_holder) return 0;
  return accountId === second_holder ? 1 : null;
}

/** The newest first. `holder`: those alone of which this account holds a half. */
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
 * Keeps the entries of an upload, once, and returns how many are new. Those for another vault than the one in force
 * are dropped: it was closed while the study waited on its device. An account that brought instances with an entry for
 * the same pseudonym before needs no second one. An upload has as many as one manifest may have, in however many
 * manifests they come: with more, throws `invalid-request`.
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

/** More accounts than this have not sent one patient. */
const WRITERS_LIMIT = 64;

/**
 * The entries for a pseudonym: of each account the first whose study has arrived, else its first; those that have
 * arrived first, so that promises alone push none of them out. `among`: of these entries alone; null: of all.
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
