/**
 * Numbers of the wire that are wanted without its schemas: the upload page counts to them before any schema
 * is loaded.
 */

/** NIST SP 800-63B §5.1.1.2: memorized secrets are at least 8 characters long. */
export const PASSWORD_LENGTH_LIMIT = 8;
/** Longer than any phrase that somebody types. */
export const PASSWORD_LENGTH_MOST = 1024;

/** Raised when an older gateway could misread a newer device; see PROTOCOL.md › Compatibility. */
export const PROTOCOL_VERSION = 1;

/**
 * A device's right to send ends after so many days without use: twice the longest time that a queue waits in a
 * drawer and is still wanted. A key that nobody misses should not send for ever.
 */
export const UNUSED_DAYS = 60;

/**
 * A study of 20 000 instances is larger than any seen; its manifest has 6 MB. With a lower limit a whole-body PET
 * would be refused, with a far higher one a single request could fill the memory.
 */
export const MANIFEST_INSTANCE_LIMIT = 20_000;

/** Elements in one `POST /upload/pseudonyms`: together they keep the gateway busy for some 50 ms. */
export const PSEUDONYMS_AT_ONCE = 8;

/** Sealed identities in one manifest: the patients of one study, as many as an instance may name. */
export const VAULT_ENTRIES_LIMIT = 16;
/** An entry of the vault is as long for every patient (transfer/vault-entry.ts). */
export const VAULT_ENTRY_BYTES = 2224;
/** A share, sealed to one holder: an encapsulated key, 32 bytes, a tag. */
export const VAULT_SHARE_BYTES = 80;
