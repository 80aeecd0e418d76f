/**
 * The settings, from environment variables. They are all checked together, and every mistake is reported with the
 * expected form and an example. Settings that an administrator changes at run time live in the database.
 */
import { isIP, type BlockList } from 'node:net';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { PASSWORD_LENGTH_LIMIT } from '#shared/protocol/limits.ts';
import { trimEnd } from '#shared/trim-end.ts';
import type { DatabasePlace } from './database/database.ts';
import type { TlsFiles, TlsPair } from './http/certificate.ts';
import { dimseOf, type DimsePlace } from './dimse-settings.ts';
import { parseProxies, type TrustedProxies } from './http/client-address.ts';
import { namedSecrets, type NamedSecrets } from './named-secrets.ts';
import { LINK_LOCAL, NOWHERE } from './refuse-link-local.ts';
import {
  choiceOf,
  durationOf,
  portOf,
  setting,
  settingAsTyped,
  settingInEitherCase,
  settingOrDefault,
  wholeNumberIn,
  type Env,
  type Report,
} from './read-setting.ts';
import { withSecretFiles } from './secret-settings.ts';
import { reportUnknown } from './setting-names.ts';
import { SETTINGS } from './settings.ts';
import { tlsPairOf } from './tls-settings.ts';
import { readViewerSettings, type ViewerSettings } from './viewer/read-settings.ts';

/** Where parcels are stored: a folder. Object stores are not supported yet. */
type BlobPlace = { readonly kind: 'folder'; readonly path: string };

export type Config = {
  readonly port: number;
  readonly webPort: number;
  readonly dimse: DimsePlace | null;
  /** Null: no built-in viewer. */
  readonly viewer: ViewerSettings | null;
  /** The address that the ports listen on. Any address but the loopback needs TLS, or proxies that terminate TLS. */
  readonly host: string;
  /** The certificate with its chain and its key, in PEM, with the paths of their files; null: TLS is not served. */
  readonly tls: (TlsPair & TlsFiles) | null;
  /** Proxies whose X-Forwarded-For header is trusted. Without TLS only they and this machine are answered. */
  readonly trustedProxies: TrustedProxies;
  readonly dataDir: string;
  readonly backupDir: string;
  /** Where `npm start` puts the log; null: to stdout, or where it chooses. */
  readonly logFile: string | null;
  /** The secrets that a configuration names (named-secrets.ts). */
  readonly namedSecrets: NamedSecrets;
  /**
   * The password of the user `admin`. It is used only when that account is created, so it does not undo later changes.
   */
  readonly adminPassword: string | null;
  /**
   * The origin of the web app as users see it, without a trailing slash. It is also the issuer of tokens and receipts.
   */
  readonly publicUrl: string;
  readonly database: DatabasePlace;
  readonly blobs: BlobPlace;
  readonly policy: 'identified' | 'deidentified';
  readonly pacs: { readonly url: string; readonly authorization: string | null };
  /** The proxy for https: requests to PACSs, and the hosts that are reached without it; null: no proxy. */
  readonly pacsProxy: { readonly url: string; readonly except: string } | null;
  /** Addresses that the gateway never connects to, whoever configures them. */
  readonly blocked: BlockList;
  readonly folderRoot: string | null; // The only folder that may hold folder destinations; null: none.
  /** Requests a minute for one caller; null: no limit. */
  readonly rateLimit: number | null;
  /** Where copies of the audit trail's signed heads go: a file, or a server that accepts them. */
  readonly auditUrl: URL | null;
  /** How long an unfinished parcel is kept, in hours. */
  readonly uploadExpiresHours: number;
  /** How long the PACS may take to show what it stored. Nothing is considered lost before that. */
  readonly pacsLagMinutes: number;
  /** How long devices keep the local label of a study after sign-in, in hours; 0: not at all. */
  readonly labelHours: number;
  /** How long a device may be left untouched before it signs the person out, in minutes; 0: it never does. */
  readonly lockMinutes: number;
  /** How it is proven what the PACS stored; null: by the PACS's own digests where it reports them, else `found`. */
  readonly pacsProof: 'found' | 'digest' | 'read-back' | 'read-back-sample' | null;
};

/** Several settings may be wrong; the message has a line for each mistake. */
export class ConfigMistakes extends Error {
  readonly mistakes: readonly string[];
  constructor(mistakes: readonly string[]) {
    super(`The settings cannot be used:\n${mistakes.map((mistake) => `  - ${mistake}`).join('\n')}`);
    this.name = 'ConfigMistakes';
    this.mistakes = mistakes;
  }
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\]|::1)$/;
/** Accepts a host name or an address, from a URL (in brackets) or from a socket. */
export const isLoopbackName = (host: string): boolean => LOOPBACK.test(host);

/** Whether names, images and the PACS's password would travel unencrypted to another machine. */
export const isInClearText = (url: string): boolean => {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !LOOPBACK.test(hostname);
};

function urlOf(text: string, protocols: readonly string[]): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return protocols.includes(url.protocol) ? url : null;
}

function publicUrlOf(env: Env, webPort: number, isTls: boolean, wrong: Report): URL {
  const otherwise = new URL(`${isTls ? 'https' : 'http'}://localhost:${webPort}`);
  const text = setting(env, 'RELAY_PUBLIC_URL');
  if (text === undefined) return otherwise;
  const url = urlOf(text, ['http:', 'https:']);
  if (!url || url.username || url.search || url.hash || url.pathname !== '/') {
    wrong(
      'RELAY_PUBLIC_URL must be the address of the web app without a path, for example RELAY_PUBLIC_URL=https://relay.example.org.',
    );
  } else if (isTls && url.protocol !== 'https:') {
    wrong(
      `RELAY_PUBLIC_URL must begin with https where RELAY_TLS_CERT is set: RELAY_PUBLIC_URL=https://${url.host}.`,
    );
  } else if (url.protocol !== 'https:' && !LOOPBACK.test(url.hostname)) {
    wrong(
      `RELAY_PUBLIC_URL must begin with https, for passwords and images travel there: RELAY_PUBLIC_URL=https://${url.host}. Only localhost may do without.`,
    );
  } else return url;
  return otherwise;
}

function trustedProxiesOf(env: Env, wrong: Report): TrustedProxies {
  const entries = (setting(env, 'RELAY_TRUSTED_PROXIES') ?? '').split(/[\s,]+/).filter(Boolean);
  const proxies = parseProxies(entries);
  if (proxies !== null) return proxies;
  wrong(
    'RELAY_TRUSTED_PROXIES must be the addresses of your proxies, or blocks of them no wider than /8 (IPv6: /7), for example RELAY_TRUSTED_PROXIES=127.0.0.1,10.1.0.0/24.',
  );
  return parseProxies([])!;
}

type Ends = { readonly isTls: boolean; readonly hasProxies: boolean };

/** Passwords and images must not travel in clear text, so connections from other machines need TLS. */
function hostOf(env: Env, { isTls, hasProxies }: Ends, wrong: Report): string {
  const host = settingOrDefault(env, 'RELAY_HOST').replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 0 && !isLoopbackName(host))
    wrong('RELAY_HOST must be an address of this machine, for example RELAY_HOST=0.0.0.0 for all of them.');
  else if (!isLoopbackName(host) && !isTls && !hasProxies)
    wrong(
      'RELAY_HOST is reached from other machines and needs TLS: set RELAY_TLS_CERT and RELAY_TLS_KEY, or name the proxies that end TLS before it, for example RELAY_TRUSTED_PROXIES=10.1.0.7.',
    );
  return host;
}

function logFileOf(env: NodeJS.ProcessEnv): string | null {
  const path = setting(env, 'RELAY_LOG_FILE');
  return path === undefined ? null : resolve(path);
}

function databaseOf(env: Env, dataDir: string, wrong: Report): DatabasePlace {
  const text = setting(env, 'DATABASE_URL');
  if (text === undefined) return { kind: 'folder', path: join(dataDir, 'database') };
  if (!urlOf(text, ['postgres:', 'postgresql:'])) {
    const example = 'DATABASE_URL=postgres://relay:secret@db.example.org:5432/relay';
    wrong(
      `DATABASE_URL must name a PostgreSQL database, for example ${example}. Without it an embedded one is used.`,
    );
  }
  return { kind: 'server', url: text };
}

function blobsOf(env: Env, dataDir: string, wrong: Report): BlobPlace {
  const text = setting(env, 'BLOB_URL');
  const url = text === undefined ? null : urlOf(text, ['file:', 's3:']);
  if (url?.protocol === 'file:') return { kind: 'folder', path: decodeURIComponent(url.pathname) };
  const advice =
    'for example BLOB_URL=file:///var/lib/relaypacs/blobs. Without it parcels lie in RELAY_DATA_DIR.';
  if (url?.protocol === 's3:')
    wrong(`BLOB_URL cannot name an s3: store, which this version does not support. Use file:, ${advice}`);
  else if (text !== undefined) wrong(`BLOB_URL must begin with file:, ${advice}`);
  return { kind: 'folder', path: join(dataDir, 'blobs') };
}

function pacsOf(env: Env, wrong: Report): Config['pacs'] {
  const text = setting(env, 'PACS_URL');
  const authorization = setting(env, 'PACS_AUTHORIZATION') ?? null;
  const url = text === undefined ? null : urlOf(text, ['http:', 'https:']);
  if (!url || url.username) {
    const example = 'PACS_URL=http://127.0.0.1:8042/dicom-web';
    wrong(
      `PACS_URL must be the DICOMweb root of the PACS, without a password in it, for example ${example} ("npm start" brings a PACS of its own).`,
    );
  }
  if (authorization !== null && !/^[\x20-\x7e]+$/.test(authorization)) {
    wrong(
      'PACS_AUTHORIZATION must be the value of an Authorization header, for example PACS_AUTHORIZATION="Bearer …".',
    );
  }
  return { url: trimEnd(text ?? '', '/'), authorization };
}

/** HTTPS_PROXY and NO_PROXY, read as curl and others read them. */
export function pacsProxyOf(env: Env, wrong: Report): Config['pacsProxy'] {
  const url = settingInEitherCase(env, 'HTTPS_PROXY');
  if (url === undefined) return null;
  if (urlOf(url, ['http:', 'https:']) === null)
    wrong(
      'HTTPS_PROXY must be the address of a proxy, for example HTTPS_PROXY=http://proxy.example.org:3128.',
    );
  return { url, except: settingInEitherCase(env, 'NO_PROXY') ?? '' };
}

export function blockedOf(env: Env, wrong: Report): BlockList {
  const text = setting(env, 'RELAY_LINK_LOCAL');
  if (text !== undefined && text !== 'allow')
    wrong(
      'RELAY_LINK_LOCAL can only be allow, where a PACS has a link-local address: RELAY_LINK_LOCAL=allow.',
    );
  return text === 'allow' ? NOWHERE : LINK_LOCAL;
}

/** An administrator must not be able to write among the gateway's own files, or anywhere on the disk. */
function folderRootOf(env: Env, dataDir: string, wrong: Report): string | null {
  const root = setting(env, 'RELAY_FOLDER_ROOT');
  if (root === undefined) return null;
  const isApart = resolve(root) !== sep && !isWithin(dataDir, root) && !isWithin(root, dataDir);
  if (!isAbsolute(root) || !isApart)
    wrong('RELAY_FOLDER_ROOT must be a full path apart from RELAY_DATA_DIR: RELAY_FOLDER_ROOT=/srv/dicom.');
  return root;
}

function rateLimitOf(env: Env, host: string, wrong: Report): number | null {
  const limits = SETTINGS.RELAY_RATE_LIMIT;
  const text = setting(env, 'RELAY_RATE_LIMIT') ?? String(limits.default);
  if (text === 'off') {
    if (!isLoopbackName(host))
      wrong(
        `RELAY_RATE_LIMIT=off is for tests on this machine alone: others could guess passwords without an end. Set a number, for example RELAY_RATE_LIMIT=${limits.default}.`,
      );
    return null;
  }
  const limit = wholeNumberIn(text, limits);
  if (limit === null)
    wrong(`RELAY_RATE_LIMIT must be ${limits.expected}, for example RELAY_RATE_LIMIT=${limits.default}.`);
  return limit;
}

function auditUrlOf(env: Env, dataDir: string, wrong: Report): URL | null {
  const text = setting(env, 'RELAY_AUDIT_URL');
  const url = text === undefined ? null : urlOf(text, ['file:', 'https:', 'http:']);
  const isKept = url !== null && (url.protocol !== 'http:' || LOOPBACK.test(url.hostname));
  if (text !== undefined && !isKept)
    wrong(
      'RELAY_AUDIT_URL must be a file: or https: address (http: only on the loopback) where signed heads of the audit trail are kept, for example RELAY_AUDIT_URL=file:///mnt/audit/heads.jws.',
    );
  if (url?.protocol === 'file:' && isWithin(dataDir, decodeURIComponent(url.pathname)))
    wrong(
      'RELAY_AUDIT_URL must not lie in RELAY_DATA_DIR: whoever changes the database there could change it too. Name a place that others keep, for example RELAY_AUDIT_URL=file:///mnt/audit/heads.jws.',
    );
  return isKept ? url : null;
}

const isWithin = (folder: string, path: string): boolean =>
  `${resolve(path)}${sep}`.startsWith(`${resolve(folder)}${sep}`);

function adminPasswordOf(env: Env, wrong: Report): string | null {
  const password = settingAsTyped(env, 'RELAY_ADMIN_PASSWORD') ?? null;
  if (password !== null && password.length < PASSWORD_LENGTH_LIMIT) {
    wrong(
      `RELAY_ADMIN_PASSWORD must have ${PASSWORD_LENGTH_LIMIT} characters or more, for example four words. Without it a password is made and shown once.`,
    );
  }
  return password;
}

/** Where the gateway's data are, for a command on its own machine. @throws ConfigMistakes. */
export function readPlaces(given: Env): Pick<Config, 'database' | 'dataDir' | 'blobs'> {
  const mistakes: string[] = [];
  const wrong: Report = (mistake) => void mistakes.push(mistake);
  const env = withSecretFiles(given, wrong);
  const dataDir = dataDirOf(env);
  const places = { dataDir, database: databaseOf(env, dataDir, wrong), blobs: blobsOf(env, dataDir, wrong) };
  if (mistakes.length > 0) throw new ConfigMistakes(mistakes);
  return places;
}

const dataDirOf = (env: Env): string => resolve(settingOrDefault(env, 'RELAY_DATA_DIR'));

/**
 * Reads and checks all settings. Throws ConfigMistakes with every mistake; no message repeats a value,
 * because it may be a password.
 */
export function readConfig(given: Env): Config {
  const mistakes: string[] = [];
  const wrong: Report = (mistake) => void mistakes.push(mistake);
  const env = withSecretFiles(given, wrong);
  reportUnknown(env, wrong);
  const port = portOf(env, 'RELAY_PORT', wrong);
  const webPort = portOf(env, 'RELAY_WEB_PORT', wrong);
  if (port === webPort)
    wrong('RELAY_PORT and RELAY_WEB_PORT must differ, for example RELAY_PORT=8080 RELAY_WEB_PORT=3000.');
  const dimse = dimseOf(env, wrong);
  if (dimse !== null && [port, webPort].includes(dimse.port))
    wrong('RELAY_DIMSE_PORT must be another port than RELAY_PORT and RELAY_WEB_PORT, for example 11112.');
  const dataDir = dataDirOf(env);
  const tls = tlsPairOf(env, { certName: 'RELAY_TLS_CERT', keyName: 'RELAY_TLS_KEY' }, wrong);
  // This looks at the settings, not the files, so that a missing file counts as one mistake and not three.
  const isTls = setting(env, 'RELAY_TLS_CERT') !== undefined;
  const hasProxies = setting(env, 'RELAY_TRUSTED_PROXIES') !== undefined;
  const publicUrl = publicUrlOf(env, webPort, isTls, wrong);
  const host = hostOf(env, { isTls, hasProxies }, wrong);
  const config: Config = {
    port,
    webPort,
    dimse,
    viewer: readViewerSettings((name) => setting(env, name), { app: publicUrl, port, webPort }, wrong),
    dataDir,
    namedSecrets: namedSecrets(env),
    logFile: logFileOf(env),
    backupDir: resolve(setting(env, 'RELAY_BACKUP_DIR') ?? join(dataDir, 'backups')),
    tls,
    trustedProxies: trustedProxiesOf(env, wrong),
    host,
    adminPassword: adminPasswordOf(env, wrong),
    publicUrl: publicUrl.origin,
    database: databaseOf(env, dataDir, wrong),
    blobs: blobsOf(env, dataDir, wrong),
    policy: choiceOf(env, 'RELAY_POLICY', wrong),
    pacs: pacsOf(env, wrong),
    pacsProxy: pacsProxyOf(env, wrong),
    blocked: blockedOf(env, wrong),
    folderRoot: folderRootOf(env, dataDir, wrong),
    rateLimit: rateLimitOf(env, host, wrong),
    auditUrl: auditUrlOf(env, dataDir, wrong),
    uploadExpiresHours: durationOf(env, 'RELAY_UPLOAD_EXPIRES_HOURS', wrong),
    pacsLagMinutes: durationOf(env, 'RELAY_PACS_LAG_MINUTES', wrong),
    labelHours: durationOf(env, 'RELAY_LABEL_HOURS', wrong),
    lockMinutes: durationOf(env, 'RELAY_LOCK_MINUTES', wrong),
    pacsProof: choiceOf(env, 'RELAY_PACS_PROOF', wrong),
  };
  if (mistakes.length > 0) throw new ConfigMistakes(mistakes);
  return config;
}
