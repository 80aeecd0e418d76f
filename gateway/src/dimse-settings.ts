/**
 * The settings of the DIMSE listener. It has an address of its own, so that modalities in a protected network can reach
 * it without TLS while browsers still need TLS for the API.
 */
import { isIP } from 'node:net';
import { AE_TITLE } from '#shared/protocol/dimse-address.ts';
import type { TlsFiles, TlsPair } from './http/certificate.ts';
import { portOf, setting, settingOrDefault, type Env, type Report } from './read-setting.ts';
import { SETTINGS } from './settings.ts';
import { authoritiesOf, tlsPairOf } from './tls-settings.ts';

/**
 * Certificates in PEM. `ca`: callers must show a certificate of these authorities; null: no certificate is asked for.
 */
type DimseTls = TlsPair & TlsFiles & { readonly ca: string | null };

/**
 * `aeTitle`: the gateway's own AE title. `host`: the address of this machine to listen on. `tls` null: associations
 * travel in clear text.
 */
export type DimsePlace = {
  readonly host: string;
  readonly port: number;
  readonly aeTitle: string;
  readonly tls: DimseTls | null;
};

/** Null: there is no listener. */
export function dimseOf(env: Env, wrong: Report): DimsePlace | null {
  if (setting(env, 'RELAY_DIMSE_PORT') === undefined) return null;
  const host = settingOrDefault(env, 'RELAY_DIMSE_HOST');
  if (isIP(host) === 0)
    wrong(
      'RELAY_DIMSE_HOST must be an address of this machine in the network of the modalities, for example RELAY_DIMSE_HOST=10.1.0.5.',
    );
  const aeTitle = settingOrDefault(env, 'RELAY_DIMSE_AE_TITLE');
  if (!AE_TITLE.test(aeTitle))
    wrong(
      `RELAY_DIMSE_AE_TITLE must have at most 16 characters of ASCII, for example RELAY_DIMSE_AE_TITLE=${SETTINGS.RELAY_DIMSE_AE_TITLE.default}.`,
    );
  return { host, port: portOf(env, 'RELAY_DIMSE_PORT', wrong), aeTitle, tls: tlsOf(env, wrong) };
}

function tlsOf(env: Env, wrong: Report): DimseTls | null {
  const names = { certName: 'RELAY_DIMSE_TLS_CERT', keyName: 'RELAY_DIMSE_TLS_KEY' } as const;
  const pair = tlsPairOf(env, names, wrong);
  const ca = authoritiesOf(env, 'RELAY_DIMSE_TLS_CA', wrong);
  if (ca !== null && setting(env, names.certName) === undefined)
    wrong(
      'RELAY_DIMSE_TLS_CA asks modalities for certificates and needs TLS: set RELAY_DIMSE_TLS_CERT and RELAY_DIMSE_TLS_KEY.',
    );
  return pair && { ...pair, ca };
}
