/** What the service worker runs when the browser gives it time for the queue. */
(globalThis as unknown as { sendWhatWaits?: () => Promise<void> }).sendWhatWaits = async () => undefined;
