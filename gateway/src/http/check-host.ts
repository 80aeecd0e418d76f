/**
 * Serves only the gateway's own names: the host of RELAY_PUBLIC_URL, the loopback names, and the address of RELAY_HOST.
 * A page of another site whose name was made to resolve to this address (DNS rebinding) gets nothing.
 */
import { isLoopbackName } from '../config.ts';

/** Supervisors and load balancers call each machine by its address. The answer reveals nothing else. */
const HEALTH = /^(\/api)?\/health(\/|$)/;

export type OwnNames = {
  readonly publicUrl: string;
  /** The address that the ports listen on. */
  readonly host: string;
};

/** Whether this gateway should answer a request for `url`. */
export function createHostCheck({ publicUrl, host }: OwnNames): (url: string) => boolean {
  const own = new Set([new URL(publicUrl).hostname, host, `[${host}]`]);
  return (url) => {
    const { hostname, pathname } = new URL(url);
    return own.has(hostname) || isLoopbackName(hostname) || HEALTH.test(pathname);
  };
}
