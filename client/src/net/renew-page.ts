/**
 * Renews the page that the service worker keeps: its headers are those of the day on which it was kept, and the
 * gateway may send others since (its policy names the viewer, for example).
 */

/** To the service worker, with a port for the answer: whether the gateway was reached. */
export const RENEW_PAGE = 'renew-page';

/**
 * Resolves to true once a reload brings the gateway's present headers; to false where the gateway cannot be reached.
 * Without a service worker the browser asks the gateway itself.
 */
export function renewPage(worker: ServiceWorker | null | undefined): Promise<boolean> {
  if (!worker) return Promise.resolve(true);
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => {
      resolve(data === true);
      port1.close();
    };
    worker.postMessage(RENEW_PAGE, [port2]);
  });
}
