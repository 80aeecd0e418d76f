/**
 * The pages by which a tablet comes to trust the local authority, a page a platform. They come over `http:`, for a
 * device that does not trust the authority yet would show a warning. The fingerprint at the terminal tells a person
 * whether the file is the right one.
 */
import { createServer, type Server } from 'node:http';
import type { LocalAuthority } from './local-authority.ts';

const FILE = '/relaypacs.crt';

type Platform = { readonly name: string; readonly agent: RegExp; readonly steps: readonly string[] };

const PLATFORMS: Readonly<Record<string, Platform>> = {
  '/android': {
    name: 'Android',
    agent: /Android/,
    steps: [
      `Download <a href="${FILE}">the certificate</a>.`,
      'Open <b>Settings</b>, search for <b>CA certificate</b>, and choose <b>Install anyway</b>.',
      'Choose the file <b>relaypacs.crt</b> in Downloads.',
    ],
  },
  '/ipados': {
    name: 'iPad and iPhone',
    agent: /iPad|iPhone|Macintosh/,
    steps: [
      `In Safari, download <a href="${FILE}">the certificate</a> and choose <b>Allow</b>.`,
      'Open <b>Settings</b>, then <b>Profile Downloaded</b>, and choose <b>Install</b>.',
      'Open <b>Settings</b>, <b>General</b>, <b>About</b>, <b>Certificate Trust Settings</b>, and switch it on.',
    ],
  },
  '/windows': {
    name: 'Windows',
    agent: /Windows/,
    steps: [
      `Download <a href="${FILE}">the certificate</a>, open it, and choose <b>Install Certificate</b>.`,
      'Choose <b>Current User</b>, then <b>Place all certificates in the following store</b>.',
      'Choose <b>Trusted Root Certification Authorities</b>, finish, and start the browser again.',
    ],
  },
};

function pageOf(path: string, app: string): string {
  const { name, steps } = PLATFORMS[path]!;
  const others = Object.entries(PLATFORMS).filter(([other]) => other !== path);
  const links = others
    .map(([other, { name: otherName }]) => `<a href="${other}">${otherName}</a>`)
    .join(' · ');
  const items = [...steps, `Open <a href="${app}">${app}</a>.`].map((step) => `<li>${step}</li>`).join('\n');
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>RelayPACS on ${name}</title>
<style>body{font:1.1rem/1.5 system-ui;max-width:40rem;margin:2rem auto;padding:0 1rem}li{margin:.75rem 0}
a{display:inline-block;padding:.4rem 0}</style>
<h1>RelayPACS on ${name}</h1>
<p>This device has to trust the certificate of this ward’s RelayPACS, once. Before you install it, compare the fingerprint
or thumbprint that the device shows with the one at RelayPACS’s terminal. If they differ, stop: somebody is between the
two.</p>
<ol>
${items}
</ol>
<p>Another device? ${links}</p>
</html>
`;
}

/** The page for this browser; Android where it is not known. */
function pathFor(agent: string): string {
  return Object.keys(PLATFORMS).find((path) => PLATFORMS[path]!.agent.test(agent)) ?? '/android';
}

export type TrustPages = {
  readonly host: string;
  readonly port: number;
  /** The address of the web app. */
  readonly app: string;
  readonly authority: LocalAuthority;
};

/** Serves the pages and the file until the server is closed. @throws NodeJS.ErrnoException where the port is taken. */
export function serveTrustPages({ host, port, app, authority }: TrustPages): Promise<Server> {
  const server = createServer(({ method, url = '/', headers }, response) => {
    const path = url === '/' ? pathFor(headers['user-agent'] ?? '') : url;
    const isFile = path === FILE;
    if (method !== 'GET' || !(isFile || path in PLATFORMS)) return void response.writeHead(404).end();
    const type = isFile ? 'application/x-x509-ca-cert' : 'text/html; charset=utf-8';
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' });
    response.end(isFile ? authority.certificate : pageOf(path, app));
  });
  // It answers anybody on the network, from the process that watches the gateway.
  server.maxConnections = 64;
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, host, () => resolve(server));
  });
}
