/**
 * A certificate authority for the tablets of one ward, in the data directory. It is made once. The certificate of this
 * machine is made again when its addresses have changed or its end is near. `openssl` makes both.
 *
 * Its name constraints and its purpose let clients that heed them accept it for servers at private addresses and at
 * `localhost` alone: whoever steals its key can stand for this machine there, and signs no program, letter or site on
 * the Internet. OpenSSL and the browsers of today heed them; RFC 5280 §6.1 leaves that open for a trusted authority.
 */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export type LocalAuthority = {
  /** DER, as devices install it. */
  readonly certificate: Buffer;
  /** SHA-256 and, as Windows shows it, SHA-1, in pairs of hex digits. */
  readonly fingerprint: string;
  readonly thumbprint: string;
  /** The certificate and key of this machine, in PEM. */
  readonly certFile: string;
  readonly keyFile: string;
};

const AUTHORITY_DAYS = 3_650;
/** Apple's systems accept no server's certificate above 825 days, and other browsers may follow them below 398. */
const SERVER_DAYS = 397;
const RENEW_BEFORE_DAYS = 60;
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

const AUTHORITY = `[req]
prompt = no
distinguished_name = name
x509_extensions = authority
[name]
CN = NAME
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
nameConstraints = critical, @names
[names]
permitted;IP.0 = 10.0.0.0/255.0.0.0
permitted;IP.1 = 172.16.0.0/255.240.0.0
permitted;IP.2 = 192.168.0.0/255.255.0.0
permitted;DNS.0 = localhost
`;

const serverExtensions = (addresses: readonly string[]): string => `basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost, ${addresses.map((address) => `IP:${address}`).join(', ')}
`;

/** @throws Error that says what to do where openssl is missing. */
async function openssl(folder: string, words: readonly string[]): Promise<void> {
  await promisify(execFile)('openssl', words, { cwd: folder }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new Error(
      '--lan makes certificates with openssl, which is not installed: sudo apt-get install openssl',
    );
  });
}

const readCertificate = async (path: string): Promise<X509Certificate | null> =>
  readFile(path).then(
    (bytes) => new X509Certificate(bytes),
    () => null,
  );

async function makeAuthority(folder: string): Promise<void> {
  // A common name has at most 64 characters.
  const name = `RelayPACS ${hostname().slice(0, 40)} ${new Date().toISOString().slice(0, 10)}`;
  await writeFile(join(folder, 'authority.cnf'), AUTHORITY.replace('NAME', name));
  const files = ['-config', 'authority.cnf', '-keyout', 'authority-key.pem', '-out', 'authority.new'];
  await openssl(folder, ['req', '-x509', ...KEY, ...files, '-days', String(AUTHORITY_DAYS)]);
  // Its key is there.
  await rename(join(folder, 'authority.new'), join(folder, 'authority.pem'));
}

async function issue(folder: string, addresses: readonly string[]): Promise<void> {
  await writeFile(join(folder, 'server.ext'), serverExtensions(addresses));
  const config = ['-config', 'authority.cnf', '-subj', '/CN=RelayPACS'];
  await openssl(folder, [
    'req',
    '-new',
    ...KEY,
    ...config,
    '-keyout',
    'server-key.new',
    '-out',
    'server.csr',
  ]);
  const by = ['-CA', 'authority.pem', '-CAkey', 'authority-key.pem', '-CAcreateserial'];
  const what = ['-in', 'server.csr', '-out', 'server.new', '-extfile', 'server.ext'];
  await openssl(folder, ['x509', '-req', ...what, ...by, '-days', String(SERVER_DAYS)]);
  for (const file of ['server-key', 'server'])
    await rename(join(folder, `${file}.new`), join(folder, `${file}.pem`));
}

/** Opens the authority in this folder, with a certificate for these addresses of the machine. */
export async function openLocalAuthority(
  folder: string,
  addresses: readonly string[],
): Promise<LocalAuthority> {
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const authorityFile = join(folder, 'authority.pem');
  if ((await readCertificate(authorityFile)) === null) await makeAuthority(folder);
  const authority = (await readCertificate(authorityFile))!;
  const certFile = join(folder, 'server.pem');
  const server = await readCertificate(certFile);
  const renewAt = Date.now() + RENEW_BEFORE_DAYS * 86_400_000;
  const isCurrent =
    server?.checkIssued(authority) &&
    server.validToDate.getTime() > renewAt &&
    addresses.every((address) => server.checkIP(address) !== undefined);
  if (!isCurrent) await issue(folder, addresses);
  const { raw, fingerprint256, fingerprint: thumbprint } = authority;
  const keyFile = join(folder, 'server-key.pem');
  return { certificate: raw, fingerprint: fingerprint256, thumbprint, certFile, keyFile };
}
