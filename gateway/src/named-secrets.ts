/**
 * Secrets that a configuration names: variables of the gateway whose names begin with RELAY_SECRET_, and files in the
 * folder of RELAY_SECRETS_DIR. Each has the origin that may receive it beside it, NAME_FOR or NAME.for, because an
 * administrator's session must not be enough to have it sent to another server.
 */
import { join } from 'node:path';
import type { SecretReference } from '#shared/protocol/configuration.ts';
import { setting, type Env } from './read-setting.ts';
import { NAMED_SECRET, readSecret } from './secret-settings.ts';

/** The most that a destination's private key may have. */
const KEY_BYTES_LIMIT = 64 * 1024;

type Lookup = (reference: SecretReference) => string | null;
export type NamedSecrets = { readonly secretOf: Lookup; readonly receiverOf: Lookup };

/** Null: there is no such variable or file, or it is empty. */
export function namedSecrets(env: Env): NamedSecrets {
  const own = new Map(Object.entries(env).filter(([name]) => NAMED_SECRET.test(name)));
  const folder = setting(env, 'RELAY_SECRETS_DIR');
  const lookup =
    (inEnv: string, inFolder: string): Lookup =>
    (reference) => {
      if ('env' in reference) return own.get(`${reference.env}${inEnv}`) || null;
      if ('file' in reference && folder !== undefined)
        return readSecret(join(folder, `${reference.file}${inFolder}`), KEY_BYTES_LIMIT) || null;
      return null;
    };
  return { secretOf: lookup('', ''), receiverOf: lookup('_FOR', '.for') };
}
