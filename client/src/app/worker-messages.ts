/**
 * The messages between the page and the service worker. They have their own file so that the worker bundles nothing
 * else of the page.
 */

/** Tells a waiting newer service worker to take over now. */
export const TAKE_OVER = 'take-over';

/**
 * Tells the active service worker to stop its work, because another one takes over. Otherwise the browser would wait
 * for it for minutes.
 */
export const GIVE_WAY = 'give-way';

/** The tag of Background Sync and of Periodic Background Sync. It means that something waits on this device. */
export const QUEUE_TAG = 'relaypacs-queue';
