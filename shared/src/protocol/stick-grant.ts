/** How a device signs the ticket of a study on a stick. This file has no schemas, because the sender needs none. */

/** RFC 8725 §3.11: an explicit type, so that no other token of a device can pass for a grant. */
export const STICK_GRANT_TYPE = 'relaypacs-stick+jws';

/** The audience of the device's signature on a ticket: the gateway whose key the ticket is sealed for. */
export const stickAudience = (keyId: string): string => `relaypacs stick ${keyId}`;

/**
 * Days after which a ticket expires; the gateway drops unkept promises after the same time. A study that is deleted
 * from the PACS later must not come back.
 */
export const STICK_DAYS = 30;
