/** How a device signs the ticket of a study on a stick. Without schemas: the sender wants it, and no more. */

/** RFC 8725 §3.11: an explicit type, so that no other token of a device passes for this one. */
export const STICK_GRANT_TYPE = 'relaypacs-stick+jws';

/** The audience of a device's signature under a ticket: the gateway whose key the ticket is sealed to. */
export const stickAudience = (keyId: string): string => `relaypacs stick ${keyId}`;

/**
 * Days after which a ticket ends, as the gateway drops a promise that nobody kept. A study that was deleted in the
 * PACS later must not come back.
 */
export const STICK_DAYS = 30;
