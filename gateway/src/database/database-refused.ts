/**
 * Explains why a start cannot use the server of DATABASE_URL, for the person who set it. No message contains the
 * password. Errors that this table does not know are passed on unchanged.
 */

/** The database of DATABASE_URL cannot be used; the message says why and what to do. */
export class DatabaseRefused extends Error {
  constructor(url: string, why: string, cause: unknown) {
    super(`The gateway cannot use the database of DATABASE_URL (${withoutSecrets(url)}): ${why}`, { cause });
    this.name = 'DatabaseRefused';
  }
}

const WRONG_LOGIN =
  'the server refuses this user or its password. Correct them in DATABASE_URL; characters such as @ : / # in the password are percent-encoded there (@ is %40).';
const NO_PASSWORD =
  'the server asks for a password, and DATABASE_URL has none: postgres://USER:PASSWORD@HOST:5432/DATABASE.';
const NO_SUCH_HOST = 'no machine of this name is known. Correct the host in DATABASE_URL, or check the DNS.';
const NO_ANSWER =
  'the server does not answer. Check the host and port in DATABASE_URL, and the network and firewall between here and there.';

/** Keyed by SQLSTATE (PostgreSQL, appendix A), or by the system's name for what happened to the connection. */
const REASONS: Readonly<Record<string, string>> = {
  '28P01': WRONG_LOGIN,
  '28000': `${WRONG_LOGIN} If they are right, pg_hba.conf of the server must let this user in from here.`,
  '3D000':
    'the server has no database of this name. Create it (createdb), or correct the name in DATABASE_URL.',
  '42501':
    'this user may not create tables there. Make it the owner: ALTER DATABASE the_database OWNER TO the_user.',
  '53300':
    'the server has no connection left. Raise its max_connections (a gateway takes at most 16), or end others.',
  ECONNREFUSED:
    'nothing listens there. Start PostgreSQL, or correct the host and port in DATABASE_URL (PostgreSQL listens on 5432 unless told otherwise).',
  ENOENT: 'there is no such socket. Start PostgreSQL, or correct the folder of its socket in DATABASE_URL.',
  ENOTFOUND: NO_SUCH_HOST,
  EAI_AGAIN: NO_SUCH_HOST,
  ETIMEDOUT: NO_ANSWER,
  EHOSTUNREACH: NO_ANSWER,
  ENETUNREACH: NO_ANSWER,
};

/** Parameters that only locate the database; others, such as `password` and `sslpassword`, may be secret. */
const SHOWN_PARAMETERS = new Set(['host', 'port', 'user', 'dbname', 'sslmode']);

function withoutSecrets(text: string): string {
  const url = new URL(text);
  url.password = '';
  for (const name of [...url.searchParams.keys()])
    if (!SHOWN_PARAMETERS.has(name)) url.searchParams.delete(name);
  return url.href;
}

function reasonOf(error: unknown): string | undefined {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string') return REASONS[code];
  // pg has no error code for a missing password.
  return String(message).includes('client password must be') ? NO_PASSWORD : undefined;
}

/** A readable error where the cause is known, otherwise the error itself. */
export function toDatabaseRefused(error: unknown, url: string): unknown {
  const why = reasonOf(error);
  return why === undefined ? error : new DatabaseRefused(url, why, error);
}
