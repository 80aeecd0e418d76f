/**
 * The messages between the page and the service worker. A file of its own, so that the worker contains
 * nothing else of the page.
 */

/** To a newer service worker that waits: take over now. */
export const TAKE_OVER = 'take-over';

/**
 * To the service worker that is in charge: end what you do, another one takes over. The browser would wait
 * for it for minutes.
 */
export const GIVE_WAY = 'give-way';

/** The tag of Background Sync and of Periodic Background Sync: something waits on this device. */
export const QUEUE_TAG = 'relaypacs-queue';
