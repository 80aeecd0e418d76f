/**
 * Numbers of the wire that are wanted without its schemas: the upload page counts to them before any schema
 * is loaded.
 */

/** Raised when an older gateway could misread a newer device; see PROTOCOL.md › Compatibility. */
export const PROTOCOL_VERSION = 1;

/**
 * One study of 20 000 instances is larger than any seen; its manifest has 6 MB. Below it a whole-body PET is
 * refused, far above it one request fills the memory.
 */
export const MANIFEST_INSTANCE_LIMIT = 20_000;
