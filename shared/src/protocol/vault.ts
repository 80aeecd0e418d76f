/**
 * Schemas of the vault (protocol/pseudonyms.md): identities that two people together can open, one patient at a time.
 * The gateway has only sealed entries and public keys; no schema here has room for a name.
 */
import { composePattern } from '../compose-pattern.ts';
import { z } from 'zod';
import { VAULT_ENTRIES_LIMIT, VAULT_ENTRY_BYTES, VAULT_SHARE_BYTES } from './limits.ts';
import { PATIENT_PSEUDONYM } from './typed-patient.ts';

/** base64url without padding. */
const ENTRY_FORM = composePattern(`^[A-Za-z0-9_-]{${Math.ceil((VAULT_ENTRY_BYTES * 4) / 3)}}$`);
const SHARE_FORM = composePattern(`^[A-Za-z0-9_-]{${Math.ceil((VAULT_SHARE_BYTES * 4) / 3)}}$`);

const patientPseudonymSchema = z.string().regex(PATIENT_PSEUDONYM, 'a pseudonym of a patient, RP-…');
/** An X25519 public key: 32 bytes. */
export const vaultKeySchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/, '43 characters of base64url');
const sealedEntrySchema = z.string().regex(ENTRY_FORM);
const sealedShareSchema = z.string().regex(SHARE_FORM);

/**
 * In `GET /upload/policy`, if the site has a vault: devices seal entries to the keys of both holders, in this order.
 */
export const vaultTermsSchema = z.object({ id: z.uuid(), keys: z.array(vaultKeySchema).length(2) });
export type VaultTerms = z.infer<typeof vaultTermsSchema>;

/** Part of a manifest: the sealed identity behind a pseudonym. */
export const vaultEntrySchema = z.object({
  vault: z.uuid(),
  pseudonym: patientPseudonymSchema,
  sealed: sealedEntrySchema,
});
export type VaultEntry = z.infer<typeof vaultEntrySchema>;
export const vaultEntriesSchema = z.array(vaultEntrySchema).max(VAULT_ENTRIES_LIMIT);

/**
 * Why a patient must be identified. The list is closed: free text could hold a name, and the audit trail keeps it for
 * ever.
 */
export const VAULT_REASONS = [
  'incidental-finding',
  'patient-safety',
  'patient-request',
  'withdrawn-consent',
  'data-error',
  'legal-order',
] as const;
const vaultReasonSchema = z.enum(VAULT_REASONS);
export type VaultReason = z.infer<typeof vaultReasonSchema>;

const holderSchema = z.object({
  account: z.uuid(),
  username: z.string(),
  /** Null: this holder has not made a key pair yet. */
  key: vaultKeySchema.nullable(),
});

/** `waiting`: a holder has yet to make a key. `open`: takes entries. `closed`: takes no new ones. */
const vaultSchema = z.object({
  id: z.uuid(),
  state: z.enum(['waiting', 'open', 'closed']),
  holders: z.array(holderSchema).length(2),
  madeAt: z.iso.datetime(),
  closedAt: z.iso.datetime().nullable(),
  entries: z.number().int(),
  /** Pseudonyms that have an entry. */
  patients: z.number().int(),
});
export type Vault = z.infer<typeof vaultSchema>;

/** A request is `asked`, then `approved`. `refused`, or one day after it was asked (`expired`), ends it. */
export const vaultRequestSchema = z.object({
  id: z.uuid(),
  vault: z.uuid(),
  pseudonym: patientPseudonymSchema,
  reason: vaultReasonSchema,
  state: z.enum(['asked', 'approved', 'refused', 'expired']),
  askedBy: z.string(),
  /** The other holder, who approves or refuses. */
  other: z.string(),
  askedAt: z.iso.datetime(),
  endsAt: z.iso.datetime(),
  /** When the identity was first handed to the person who asked. */
  openedAt: z.iso.datetime().nullable(),
});
export type VaultRequest = z.infer<typeof vaultRequestSchema>;

/** `GET /admin/vault`: the newest vault first. */
export const vaultAnswerSchema = z.object({
  vaults: z.array(vaultSchema),
  requests: z.array(vaultRequestSchema),
});
export type VaultAnswer = z.infer<typeof vaultAnswerSchema>;

/** `POST /admin/vault`: the names of two accounts. */
export const newVaultSchema = z.object({
  holders: z
    .array(z.string().min(1).max(128))
    .length(2)
    .refine(([one, other]) => one?.toLowerCase() !== other?.toLowerCase(), 'two people'),
});
/** `PUT /admin/vault/{id}/key`: a holder's public key, which can be set only once. */
export const vaultKeyBodySchema = z.object({ key: vaultKeySchema });
/** `POST /admin/vault/requests`. */
export const askVaultSchema = z.object({
  vault: z.uuid(),
  pseudonym: patientPseudonymSchema,
  reason: vaultReasonSchema,
});

/** An entry for the pseudonym, with its author. */
const vaultOpeningEntrySchema = z.object({
  id: z.number().int(),
  writtenBy: z.string(),
  writtenAt: z.iso.datetime(),
  /** At least part of the study that the entry came with is in the PACS. */
  hasArrived: z.boolean(),
  sealed: sealedEntrySchema,
  /** The other holder's share, sealed for the person who asked; null: not approved yet. */
  share: sealedShareSchema.nullable(),
});
export type VaultOpeningEntry = z.infer<typeof vaultOpeningEntrySchema>;
/** `GET /admin/vault/requests/{id}`: what the two holders need; nobody else may read it. */
export const vaultOpeningSchema = z.object({
  request: vaultRequestSchema,
  /** Public keys in the order in which entries are sealed. */
  keys: z.array(vaultKeySchema).length(2),
  /** The asking holder's index in `keys`. */
  asker: z.number().int().min(0).max(1),
  entries: z.array(vaultOpeningEntrySchema),
});
export type VaultOpening = z.infer<typeof vaultOpeningSchema>;
/** `POST /admin/vault/requests/{id}/approve`: a share for each entry that opens. */
export const approveVaultSchema = z.object({
  shares: z
    .array(z.object({ entry: z.number().int(), share: sealedShareSchema }))
    .min(1)
    .max(64),
});
