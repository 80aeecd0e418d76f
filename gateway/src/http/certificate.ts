/**
 * The certificate that both ports of the API serve, or that of the DIMSE port. Its files are checked every minute. A
 * new pair is served from the next connection on; open connections stay open. A pair that cannot be served (only half
 * of it was replaced, a file is gone) changes nothing: the last good pair stays. The log reports that, and for the API
 * so does `/health`, until the files are right.
 *
 * The files are polled instead of watched, because certbot and Kubernetes replace links, which `fs.watch` does not
 * notice.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Log } from '../observability/log.ts';

/** The paths, and the PEM texts read from them. */
export type TlsFiles = { readonly certFile: string; readonly keyFile: string };
export type TlsPair = { readonly cert: string; readonly key: string };

/** `none`: TLS is not served here. */
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

/** A renewed certificate is issued weeks before the last one expires, so a minute is soon enough. */
const LOOK_EVERY_MS = 60_000;

/** Whether certificate and key belong together, and need no password. */
export function isServable(pair: TlsPair): boolean {
  // Node treats an empty text as missing, and makes a context without a certificate without an error.
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

/** `first`: the pair that was read and checked at the start. */
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
