/** Limits of the protocol, apart from its schemas: the upload page needs them before any schema is loaded. */

/** NIST SP 800-63B §5.1.1.2: memorized secrets are at least 8 characters long. */
export const PASSWORD_LENGTH_LIMIT = 8;
/** Longer than any passphrase that somebody types. */
export const PASSWORD_LENGTH_MOST = 1024;

/** To be raised when an older gateway could misread a newer device; see PROTOCOL.md › Compatibility. */
export const PROTOCOL_VERSION = 1;

/**
 * A device loses its right to send after this many days without use: twice the longest time that a queue may lie unsent
 * and still be wanted. A key that nobody misses should not work for ever.
 */
export const UNUSED_DAYS = 60;

/**
 * A study of 20 000 instances is larger than any seen; its manifest has 6 MB. A lower limit would refuse a whole-body
 * PET; with a far higher one, a single request could fill the memory.
 */
export const MANIFEST_INSTANCE_LIMIT = 20_000;

/** The most elements in one `POST /upload/pseudonyms`. Together they keep the gateway busy for some 50 ms. */
export const PSEUDONYMS_AT_ONCE = 8;

/** Sealed identities in one manifest: one per patient of the study, and an instance may name this many. */
export const VAULT_ENTRIES_LIMIT = 16;
/** The length of an entry in the vault, the same for every patient (transfer/vault-entry.ts). */
export const VAULT_ENTRY_BYTES = 2224;
/** A share sealed to one holder: an encapsulated key, 32 bytes and a tag. */
export const VAULT_SHARE_BYTES = 80;
