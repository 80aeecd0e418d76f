/**
 * Certificates and keys whose files are named in settings. They are read at the start of the gateway, and checked
 * together.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isServable, type TlsFiles, type TlsPair } from './http/certificate.ts';
import { setting, type Env, type Report } from './read-setting.ts';
import type { NameOf } from './settings.ts';

type FileSetting = NameOf<{ kind: 'file' }>;
type TlsNames = { readonly certName: FileSetting; readonly keyName: FileSetting };

/** Null: neither is set, or one is wrong, which has been reported. */
export function tlsPairOf(
  env: Env,
  { certName, keyName }: TlsNames,
  wrong: Report,
): (TlsPair & TlsFiles) | null {
  const certFile = setting(env, certName);
  const keyFile = setting(env, keyName);
  if (certFile === undefined && keyFile === undefined) return null;
  const example = `${certName}=/etc/relaypacs/fullchain.pem ${keyName}=/etc/relaypacs/privkey.pem`;
  if (certFile === undefined || keyFile === undefined) {
    wrong(`${certName} and ${keyName} must be set together, for example ${example}.`);
    return null;
  }
  const cert = textOf(certName, certFile, wrong);
  const key = textOf(keyName, keyFile, wrong);
  if (cert === null || key === null) return null;
  const fault = faultOfPair({ cert, key }, { certName, keyName });
  if (fault === null && isServable({ cert, key })) return { cert, key, certFile, keyFile };
  wrong(
    fault ??
      `${certName} and ${keyName} must be a certificate with its chain and the key that belongs to it, without a password, both in PEM, for example ${example}.`,
  );
  return null;
}

const END = '-----END CERTIFICATE-----';
/** In the order of the file. @throws Error where one cannot be read. */
const certificatesIn = (pem: string): X509Certificate[] =>
  pem
    .split(END)
    .slice(0, -1)
    .map((one) => new X509Certificate(one + END));

/** The common name, or the whole subject in one line. */
const nameOf = ({ subject }: X509Certificate): string =>
  subject
    .split('\n')
    .find((part) => part.startsWith('CN='))
    ?.slice(3) ?? subject.replaceAll('\n', ', ');

/** What clients would not accept, and what to do; null: nothing that can be told from here. */
function faultOfPair({ cert, key }: TlsPair, { certName, keyName }: TlsNames): string | null {
  const chain = parsedOrNull(() => certificatesIn(cert));
  const [own] = chain ?? [];
  if (!chain || !own)
    return `${certName} must be a certificate with its chain in PEM: this file holds none that can be read.`;
  const privateKey = parsedOrNull(() => createPrivateKey(key));
  if (privateKey === null)
    return `${keyName} must be a key in PEM without a password: this file holds none that can be read.`;
  if (!own.checkPrivateKey(privateKey))
    return `${keyName} is not the key of ${nameOf(own)}, the first certificate in ${certName}. Name the key that was made for it, or put that certificate first.`;
  const at = chain.findIndex((one, place) => chain[place + 1] && !one.checkIssued(chain[place + 1]!));
  if (at >= 0)
    return `${certName} is no chain: ${nameOf(chain[at]!)} was not issued by ${nameOf(chain[at + 1]!)}, which follows it. Put the server's certificate first, and after each that of its issuer.`;
  // An old root at the end of a chain harms nobody, and the web app goes on where only a peer of DIMSE cannot.
  return certName === 'RELAY_TLS_CERT' && own.validToDate < new Date()
    ? `${certName} holds a certificate that has expired: ${nameOf(own)}, on ${own.validToDate.toISOString().slice(0, 10)}. Renew it.`
    : null;
}

function parsedOrNull<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch {
    return null;
  }
}

/** The certificates of authorities. Null: not set, or wrong, which has been reported. */
export function authoritiesOf(env: Env, name: FileSetting, wrong: Report): string | null {
  const file = setting(env, name);
  const text = file === undefined ? null : textOf(name, file, wrong);
  if (text === null) return null;
  try {
    // Throws where the first one is not a certificate. With an unreadable authority, nobody could connect.
    if (new X509Certificate(text).ca) return text;
  } catch {
    // Reported below.
  }
  wrong(
    `${name} must hold certificates of authorities in PEM, for example ${name}=/etc/relaypacs/modalities.pem.`,
  );
  return null;
}

/** Null: the file cannot be read, which has been reported. */
function textOf(name: FileSetting, file: string, wrong: Report): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    wrong(
      `${name} must name a file that the gateway can read, for example ${name}=/etc/relaypacs/relay.pem.`,
    );
    return null;
  }
}
