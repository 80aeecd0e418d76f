/**
 * The connections to a PACS. They are kept from one request to the next, and may go through a proxy, use a private
 * certificate authority, or present a certificate of ours. They are undici's, a package that is loaded only with the
 * first request. Node's `fetch` takes no agents and makes a connection for each request to an Orthanc, and its web
 * streams cost ten times as much as the request (measured: 0.93 ms of a processor, and 0.08 ms here).
 */
import type { BlockList } from 'node:net';
import type { buildConnector, Dispatcher } from 'undici';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { LINK_LOCAL } from '../../refuse-link-local.ts';
import { gatherAnswers } from './gather-answers.ts';

/** In PEM. `ca`: trusted in addition to the publicly trusted authorities. */
export type PacsTls = {
  readonly ca: string | null;
  readonly own: { readonly cert: string; readonly key: string } | null;
};

/** `except`: hosts that are reached without the proxy, in the format of NO_PROXY. */
export type PacsProxy = { readonly url: string; readonly except: string };

type OpenAgent = { readonly undici: typeof import('undici'); readonly dispatcher: Dispatcher };
/** The first call opens it. */
export type PacsAgent = () => Promise<OpenAgent>;

export const PUBLIC_TLS: PacsTls = { ca: null, own: null };

/** The gateway's own machine is never reached through a proxy. */
const HERE = 'localhost,127.0.0.1,::1';

/** Proxy options as undici reads them: the proxy is for `https:` only. */
const proxyOptions = (proxy: PacsProxy | null) => ({
  httpProxy: '',
  httpsProxy: proxy?.url ?? '',
  noProxy: [HERE, proxy?.except].filter(Boolean).join(','),
});

/**
 * A kept connection is given up this long before the PACS says that it will close it. Orthanc keeps one for a second.
 * With a shorter margin, a request may meet the end of the connection; from a second on, each request to an Orthanc
 * makes a new one.
 */
const GIVEN_UP_EARLIER_MS = 500;

/**
 * `blocked`: addresses to which no connection is made. A proxy resolves names itself, and connects to what it allows.
 */
export function createPacsAgent(
  tls: PacsTls = PUBLIC_TLS,
  proxy: PacsProxy | null = null,
  blocked: BlockList = LINK_LOCAL,
): PacsAgent {
  let opened: Promise<OpenAgent> | null = null;
  return () => (opened ??= openAgent(tls, proxy, blocked));
}

async function openAgent(
  { ca, own }: PacsTls,
  proxy: PacsProxy | null,
  blocked: BlockList,
): Promise<OpenAgent> {
  const undici = await import('undici');
  const { createSecureContext, getCACertificates } = await import('node:tls');
  // The site's authorities stay trusted (NODE_EXTRA_CA_CERTS, the system's). Read once, not for each connection.
  const trusted = ca === null ? {} : { ca: [...getCACertificates('default'), ca] };
  const isOwn = ca !== null || own !== null;
  const requestTls = isOwn ? { secureContext: createSecureContext({ ...trusted, ...own }) } : {};
  const plain = undici.buildConnector({ blockList: blocked } as buildConnector.BuildOptions);
  const dispatcher = new undici.EnvHttpProxyAgent({
    ...proxyOptions(proxy),
    keepAliveTimeoutThreshold: GIVEN_UP_EARLIER_MS,
    connect: guarded(plain, undici.buildConnector(requestTls)),
    requestTls,
    clientFactory: (origin) =>
      new undici.Pool(origin, { connect: guarded(plain, undici.buildConnector({})) }),
  });
  return { undici, dispatcher: dispatcher.compose(gatherAnswers) };
}

/** TLS sockets take no block list, so TLS is started on a connection that was made as plain TCP. */
const guarded =
  (plain: buildConnector.connector, secure: buildConnector.connector): buildConnector.connector =>
  (options, done) => {
    if (options.protocol !== 'https:') return plain(options, done);
    const { servername: _, ...others } = options;
    plain({ ...others, protocol: 'http:', port: options.port || '443' }, (...[error, httpSocket]) =>
      error === null ? secure({ ...options, httpSocket }, done) : done(error, null),
    );
  };

/**
 * The proxy through which a web address is reached; null: it is reached directly. Only undici knows how to read the
 * exceptions, so it is asked for a connection, which ends before it is opened.
 */
export async function proxyTo(url: string, proxy: PacsProxy | null): Promise<string | null> {
  if (proxy === null) return null;
  const undici = await import('undici');
  let isThrough = false;
  const endAs =
    (through: boolean): buildConnector.connector =>
    (_options, done) => {
      isThrough = through;
      done(new Error('only asked'), null);
    };
  const dispatcher = new undici.EnvHttpProxyAgent({
    ...proxyOptions(proxy),
    connect: endAs(false),
    clientFactory: (origin) => new undici.Client(origin, { connect: endAs(true) }),
  });
  await ignoreFailure(undici.request(url, { dispatcher }), 'only asked');
  return isThrough ? proxy.url : null;
}

export type Fetch = typeof globalThis.fetch;

/** `fetch` over these connections, for packages that need one. */
export function fetchBy(agent: PacsAgent): Fetch {
  return (async (...[input, init]: Parameters<typeof import('undici')['fetch']>) => {
    const { undici, dispatcher } = await agent();
    return undici.fetch(input, { ...init, dispatcher });
  }) as unknown as Fetch;
}
