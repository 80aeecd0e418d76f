/**
 * The connections to a PACS: kept from one request to the next, through a proxy, with a private certificate authority,
 * or with a certificate of ours. They are undici's, whose package is loaded with the first request alone. The `fetch`
 * of Node takes no agents, makes a connection for each request to an Orthanc, and its web streams cost ten times as
 * much as the request (measured: 0.93 ms of a processor, and 0.08 ms here).
 */
import type { Dispatcher } from 'undici';

/** In PEM. `ca`: trusted in addition to those that everybody trusts. */
export type PacsTls = {
  readonly ca: string | null;
  readonly own: { readonly cert: string; readonly key: string } | null;
};

/** `except`: hosts that are reached without it, as NO_PROXY lists them. */
export type PacsProxy = { readonly url: string; readonly except: string };

type OpenAgent = { readonly undici: typeof import('undici'); readonly dispatcher: Dispatcher };
/** Opens it with the first call. */
export type PacsAgent = () => Promise<OpenAgent>;

export const PUBLIC_TLS: PacsTls = { ca: null, own: null };

/** This machine is never behind a proxy. */
const HERE = 'localhost,127.0.0.1,::1';

/**
 * A kept connection is given up so long before the PACS says that it will. Orthanc keeps one for a second. Shorter, and
 * a request may meet its end; from a second on each request to an Orthanc makes a new one.
 */
const GIVEN_UP_EARLIER_MS = 500;

/** The proxy is for `https:` only. */
export function createPacsAgent(tls: PacsTls = PUBLIC_TLS, proxy: PacsProxy | null = null): PacsAgent {
  let opened: Promise<OpenAgent> | null = null;
  return () => (opened ??= openAgent(tls, proxy));
}

async function openAgent({ ca, own }: PacsTls, proxy: PacsProxy | null): Promise<OpenAgent> {
  const undici = await import('undici');
  const { createSecureContext, getCACertificates } = await import('node:tls');
  // Those of the site stay trusted (NODE_EXTRA_CA_CERTS, the system's). Read once, not for each connection.
  const trusted = ca === null ? {} : { ca: [...getCACertificates('default'), ca] };
  const isOwn = ca !== null || own !== null;
  const connect = isOwn ? { secureContext: createSecureContext({ ...trusted, ...own }) } : {};
  const dispatcher = new undici.EnvHttpProxyAgent({
    httpProxy: '',
    httpsProxy: proxy?.url ?? '',
    noProxy: [HERE, proxy?.except].filter(Boolean).join(','),
    keepAliveTimeoutThreshold: GIVEN_UP_EARLIER_MS,
    connect,
    requestTls: connect,
  });
  return { undici, dispatcher };
}

/** `fetch` over these connections, for packages that want one. */
export function fetchBy(agent: PacsAgent): typeof fetch {
  return (async (...[input, init]: Parameters<typeof import('undici')['fetch']>) => {
    const { undici, dispatcher } = await agent();
    return undici.fetch(input, { ...init, dispatcher });
  }) as unknown as typeof fetch;
}
