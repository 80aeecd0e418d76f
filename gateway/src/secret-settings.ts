/**
 * The settings that hold a secret. Each may come from a file instead: the one that NAME_FILE names, as with Docker's
 * secrets, or else the one of systemd's credentials (scripts/service/relaypacs.service).
 *
 * Secrets are removed from `process.env` once they are read, so that no child process or thread gets them.
 * /proc/PID/environ of the first process keeps what it was started with: docs/install.md.
 */
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setting, type Env, type Report } from './read-setting.ts';
import { SETTING_NAMES, SETTINGS, type NameOf } from './settings.ts';

type SecretName = NameOf<{ isSecret: true }>;
export type Secrets = Partial<Record<SecretName | `RELAY_SECRET_${string}`, string>>;

/** A variable with a secret that a configuration may name (named-secrets.ts). */
export const NAMED_SECRET = /^RELAY_SECRET_[A-Z0-9_]{1,80}$/;
const isNamed = (name: string): name is `RELAY_SECRET_${string}` => NAMED_SECRET.test(name);

export const SECRETS = SETTING_NAMES.filter(
  (name): name is SecretName => 'isSecret' in SETTINGS[name],
).toSorted();

/** Removes the secrets from `env`, and returns those that were set. */
export function takeSecrets(env: NodeJS.ProcessEnv): Secrets {
  const taken: Secrets = {};
  for (const name of [...SECRETS, ...Object.keys(env).filter(isNamed)]) {
    const value = env[name];
    if (value !== undefined) taken[name] = value;
    delete env[name];
  }
  return taken;
}

/** Set in the environment of a child process whose parent sends it the secrets through their channel. */
export const SECRETS_FOLLOW = { SECRETS_FOLLOW: 'yes' };

/**
 * The secrets that this process was started with: those of its environment, from which they are removed, and those that
 * its parent sends, because other processes of the same account can read an environment. @throws Error where the parent
 * announced secrets and ended before it sent them: a start without them would use defaults that nobody chose.
 */
export async function secretsOfProcess(): Promise<Secrets> {
  const own = takeSecrets(process.env);
  const doFollow = process.env.SECRETS_FOLLOW !== undefined;
  delete process.env.SECRETS_FOLLOW;
  if (!doFollow) return own;
  const gone = process.connected ? once(process, 'disconnect').then(() => null) : null;
  const told =
    gone && ((await Promise.race([once(process, 'message'), gone])) as [{ secrets: Secrets }] | null);
  if (!told)
    throw new Error('Not started: the process that has its secrets ended before it handed them over.');
  return { ...own, ...told[0].secrets };
}

/** The maximum size of a secret's file. A larger file means that the path is wrong. */
const SECRET_BYTES_LIMIT = 16 * 1024;

/** Without the newline at its end; null: it cannot be read. */
export function readSecret(path: string, bytesLimit = SECRET_BYTES_LIMIT): string | null {
  try {
    const file = statSync(path);
    if (!file.isFile() || file.size > bytesLimit) return null;
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch {
    return null;
  }
}

function missing(path: string): boolean {
  try {
    statSync(path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/**
 * The file of systemd's credentials with this secret, where no variable sets it. `LoadCredential=secrets:FOLDER` gives
 * each file of the folder such a name (systemd.exec(5)).
 */
function credentialOf(env: Env, name: SecretName): string | undefined {
  if (env.CREDENTIALS_DIRECTORY === undefined || setting(env, name) !== undefined) return undefined;
  const path = join(env.CREDENTIALS_DIRECTORY, `secrets_${name}`);
  // One that cannot be read is a mistake, and not one that is missing.
  return missing(path) ? undefined : path;
}

/** `env` with the contents of the secret files in place of the NAME_FILE variables. */
export function withSecretFiles(env: Env, wrong: Report): Env {
  const all: Record<string, string | undefined> = { ...env };
  for (const name of SECRETS) {
    const path = setting(env, `${name}_FILE`) ?? credentialOf(env, name);
    delete all[`${name}_FILE`];
    if (path === undefined) continue;
    const secret = readSecret(path);
    if (setting(env, name) !== undefined) wrong(`Set ${name} or ${name}_FILE, not both.`);
    else if (secret === null || secret === '')
      wrong(
        `${name}_FILE must name a file with the secret that this account may read, for example ${name}_FILE=/run/secrets/relaypacs.`,
      );
    else all[name] = secret;
  }
  return all;
}
