/**
 * `npm start -- --lan`: RelayPACS for the tablets of one ward, without a name or a certificate of the house. It listens
 * on a private address of this machine, with a certificate of a local authority, and a QR code at the terminal leads a
 * tablet to a page that says how to trust it.
 */
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import encodeQR from 'qr';
import { readPlaces } from '../../gateway/src/config.ts';
import { portOf, setting, type Env, type Report } from '../../gateway/src/read-setting.ts';
import { openLocalAuthority, type LocalAuthority } from './local-authority.ts';
import { serveTrustPages } from './trust-page.ts';

/** RFC 1918 §3. */
const PRIVATE = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/;
/** Networks of containers and virtual machines inside this one. */
const INSIDE = /^(docker|br-|cni|podman|veth|virbr|vmnet|vboxnet)/;
/** --lan sets these itself. */
const SET_HERE = ['RELAY_PUBLIC_URL', 'RELAY_TLS_CERT', 'RELAY_TLS_KEY'] as const;

export type Lan = {
  /** Private, of this machine. */
  readonly address: string;
  /** Of the pages about trust. */
  readonly port: number;
  readonly authority: LocalAuthority;
  /** The settings with what --lan sets. */
  readonly env: Env;
};

const privateAddresses = (): readonly string[] =>
  Object.entries(networkInterfaces())
    .filter(([name]) => !INSIDE.test(name))
    .flatMap(([, all = []]) => all.map(({ address }) => address))
    .filter((address) => PRIVATE.test(address));

/** The address for tablets; undefined: there is none, or mistakes have been reported. */
function addressOf(env: Env, all: readonly string[], wrong: Report): string | undefined {
  const chosen = setting(env, 'RELAY_HOST');
  for (const name of SET_HERE)
    if (setting(env, name) !== undefined)
      wrong(`--lan sets ${name} itself: leave it out, or start without --lan.`);
  if (all.length === 0)
    wrong(
      '--lan needs a private IPv4 address (10.…, 172.16.… to 172.31.…, 192.168.…) of this machine: it has none.',
    );
  else if (chosen !== undefined && !all.includes(chosen))
    wrong(`With --lan, RELAY_HOST must be one of this machine's private addresses: ${all.join(', ')}.`);
  return chosen ?? all[0];
}

/** Null: mistakes have been reported. @throws Error where openssl is missing. */
export async function prepareLan(env: Env, wrong: Report): Promise<Lan | null> {
  let isWrong = false;
  const report: Report = (mistake) => {
    isWrong = true;
    wrong(mistake);
  };
  const all = privateAddresses();
  const address = addressOf(env, all, report);
  const port = portOf(env, 'RELAY_LAN_PORT', report);
  const webPort = portOf(env, 'RELAY_WEB_PORT', report);
  if ([webPort, portOf(env, 'RELAY_PORT', report)].includes(port))
    report('RELAY_LAN_PORT must differ from RELAY_PORT and RELAY_WEB_PORT.');
  if (isWrong || address === undefined) return null;
  const authority = await openLocalAuthority(join(readPlaces(env).dataDir, 'lan'), all);
  const own = {
    RELAY_HOST: address,
    RELAY_PUBLIC_URL: `https://${address}:${webPort}`,
    RELAY_TLS_CERT: authority.certFile,
    RELAY_TLS_KEY: authority.keyFile,
  };
  return { address, port, authority, env: { ...env, ...own } };
}

/** Serves the pages about trust. Answers with how to end that. @throws Error that names the setting of a taken port. */
export async function openLan({ address, port, authority }: Lan, app: string): Promise<() => Promise<void>> {
  const pages = { host: address, port, app, authority };
  const server = await serveTrustPages(pages).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new Error(
      `Port ${port} is in use. Choose another port: RELAY_LAN_PORT=${port + 1} npm start -- --lan`,
    );
  });
  return async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
}

/** Lines for the terminal: how a tablet gets here. */
export function lanLines({ address, port, authority }: Lan): readonly string[] {
  const page = `http://${address}:${port}/`;
  return [
    `  Tablets   scan this once for each tablet, or type ${page}`,
    ...encodeQR(page, 'ascii').trimEnd().split('\n'),
    '            Before it is trusted, compare what the tablet shows with',
    `            SHA-256 ${authority.fingerprint}`,
    `            SHA-1   ${authority.thumbprint}`,
  ];
}
