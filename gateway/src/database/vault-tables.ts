/** The tables of the vault: its holders, sealed identities, and requests to open one. */
import type { ColumnType, Generated } from 'kysely';
import type { VaultReason } from '#shared/protocol/vault.ts';

/** A vault with identities that two holders open together (decisions/2026-11-vault.md). At most one is not closed. */
export type VaultTable = {
  id: string;
  site_id: string;
  made_by: string;
  made_at: Date;
  first_holder: string;
  second_holder: string;
  /** Public keys in base64url; null until the holder has made their half. */
  first_key: string | null;
  second_key: string | null;
  closed_at: Date | null;
};

/** The sealed identity behind a pseudonym, for an upload. The gateway cannot open it. */
type VaultEntryTable = {
  id: Generated<number>;
  vault_id: string;
  pseudonym: string;
  upload_id: string;
  account_id: string;
  sealed: Uint8Array;
  written_at: Date;
};

export type VaultRequestTable = {
  id: string;
  vault_id: string;
  pseudonym: string;
  reason: VaultReason;
  asked_by: string;
  asked_at: Date;
  ends_at: Date;
  approved_at: Date | null;
  refused_at: Date | null;
  opened_at: Date | null;
  /**
   * For each entry that was approved: the other holder's share, sealed to the person who asked, or null where that
   * holder could not open it. The whole column is null before the approval and after the end.
   */
  shares: ColumnType<Record<string, string | null> | null, string | null, string | null>;
};

export type VaultTables = {
  vault: VaultTable;
  vault_entry: VaultEntryTable;
  vault_request: VaultRequestTable;
};
