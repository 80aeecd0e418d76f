/**
 * `fetch` for a PACS behind a proxy, with a private certificate authority, or that asks for a certificate of ours.
 * It is undici's, as in Node itself; that package is loaded with the first such request alone. The one inside Node
 * takes no agents of ours.
 */

/** In PEM. `ca`: trusted in addition to those that everybody trusts. */
export type PacsTls = {
  readonly ca: string | null;
  readonly own: { readonly cert: string; readonly key: string } | null;
};

/** `except`: hosts that are reached without it, as NO_PROXY lists them. */
export type PacsProxy = { readonly url: string; readonly except: string };

/** This machine is never behind a proxy. */
const HERE = 'localhost,127.0.0.1,::1';

/** Undefined: the global `fetch` does. The proxy is for `https:` only. */
export function createPacsFetch(tls: PacsTls, proxy: PacsProxy | null): typeof fetch | undefined {
  if (tls.ca === null && tls.own === null && proxy === null) return undefined;
  let opened: Promise<typeof fetch> | null = null;
  return async (input, init) => {
    opened ??= openFetch(tls, proxy);
    return (await opened)(input, init);
  };
}

async function openFetch({ ca, own }: PacsTls, proxy: PacsProxy | null): Promise<typeof fetch> {
  const { EnvHttpProxyAgent, fetch: fetchThrough } = await import('undici');
  const { createSecureContext, getCACertificates } = await import('node:tls');
  // Those of the site stay trusted (NODE_EXTRA_CA_CERTS, the system's). Read once, not for each connection.
  const trusted = ca === null ? {} : { ca: [...getCACertificates('default'), ca] };
  const connect = { secureContext: createSecureContext({ ...trusted, ...own }) };
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: '',
    httpsProxy: proxy?.url ?? '',
    noProxy: [HERE, proxy?.except].filter(Boolean).join(','),
    connect,
    requestTls: connect,
  });
  type Through = Parameters<typeof fetchThrough>;
  return (async (input: Through[0], init: Through[1]) =>
    fetchThrough(input, { ...init, dispatcher })) as unknown as typeof fetch;
}
