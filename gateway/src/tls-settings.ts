/**
 * Certificates and keys whose files are named in settings. They are read at the start of the gateway, and checked
 * together.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isServable, type TlsFiles, type TlsPair } from './http/certificate.ts';
import { setting, type Env, type Report } from './read-setting.ts';
import type { NameOf } from './settings.ts';

type FileSetting = NameOf<{ kind: 'file' }>;

/** Null: neither is set, or one is wrong, which has been reported. */
export function tlsPairOf(
  env: Env,
  { certName, keyName }: { readonly certName: FileSetting; readonly keyName: FileSetting },
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
  if (isServable({ cert, key })) return { cert, key, certFile, keyFile };
  wrong(
    `${certName} and ${keyName} must be a certificate with its chain and the key that belongs to it, without a password, both in PEM, for example ${example}.`,
  );
  return null;
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
