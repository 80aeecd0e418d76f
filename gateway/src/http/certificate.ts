/**
 * The certificate that both ports of the API serve, or that of the DIMSE port. Its files are looked at every minute: a
 * new pair is served from the next connection on, and those that are open stay open. A pair that cannot be served (half
 * of it was replaced, a file is gone) changes nothing: the last good one stays. The log says so, and of the API's
 * `/health`, until the files are right.
 *
 * Looked at rather than watched: certbot and Kubernetes replace links, which `fs.watch` does not see.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Log } from '../observability/log.ts';

/** Paths, and the PEM texts in them. */
export type TlsFiles = { readonly certFile: string; readonly keyFile: string };
export type TlsPair = { readonly cert: string; readonly key: string };

/** `none`: no TLS is served here. */
type CertificateState = 'none' | 'ok' | 'not-renewed';

type Renewing = { setSecureContext(pair: TlsPair): void };

export type Certificate = {
  readonly pair: TlsPair;
  state(): CertificateState;
  /** Gives each new pair to this server. */
  serveBy(server: Renewing): void;
  /** Reads the files again. */
  look(): void;
};

/** A renewed certificate is good for weeks before the last one ends; a minute is soon enough. */
const LOOK_EVERY_MS = 60_000;

/** Certificate and key belong together, and can be read without a password. */
export function isServable(pair: TlsPair): boolean {
  // An empty text counts as none at all, and a context without a certificate is made without a complaint.
  if (pair.cert === '' || pair.key === '') return false;
  try {
    createSecureContext(pair);
    return true;
  } catch {
    return false;
  }
}

function readPair({ certFile, keyFile }: TlsFiles): TlsPair | null {
  try {
    const pair = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
    return isServable(pair) ? pair : null;
  } catch {
    return null;
  }
}

/** `first`: read and checked at the start. */
export function openCertificate(first: TlsPair & TlsFiles, log: Log): Certificate {
  let pair: TlsPair = { cert: first.cert, key: first.key };
  let state: CertificateState = 'ok';
  const servers: Renewing[] = [];
  const look = (): void => {
    const read = readPair(first);
    if (read === null) {
      if (state === 'ok') log({ event: 'certificate-not-renewed' });
      state = 'not-renewed';
      return;
    }
    state = 'ok';
    if (read.cert === pair.cert && read.key === pair.key) return;
    pair = read;
    for (const server of servers) server.setSecureContext(pair);
    log({ event: 'certificate-renewed' });
  };
  setInterval(look, LOOK_EVERY_MS).unref();
  return {
    get pair() {
      return pair;
    },
    state: () => state,
    serveBy(server) {
      servers.push(server);
    },
    look,
  };
}
