/**
 * Renews the page that the service worker keeps. Its headers date from the day on which it was kept, and the gateway
 * may send different ones since (its policy names the viewer, for example).
 */

/** A message to the service worker, with a port for its answer: whether the gateway was reached. */
export const RENEW_PAGE = 'renew-page';

/**
 * Resolves to true once a reload will use the gateway's current headers, and to false where the gateway cannot be
 * reached. Without a service worker, the browser asks the gateway itself.
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
