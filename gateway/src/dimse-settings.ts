/**
 * The settings of the DIMSE listener. It has an address of its own: modalities of a protected network reach it without
 * TLS, while browsers do not reach the API without it.
 */
import { isIP } from 'node:net';
import { AE_TITLE } from '#shared/protocol/dimse-address.ts';
import { portOf, setting, type Env, type Report } from './read-setting.ts';

/** `aeTitle`: the gateway's own. `host`: the address of this machine that it listens on. */
export type DimsePlace = { readonly host: string; readonly port: number; readonly aeTitle: string };

/** The port that IANA has for DICOM above 1023. */
const PORT = 11_112;
const TITLE = 'RELAYPACS';

/** Null: no listener. */
export function dimseOf(env: Env, wrong: Report): DimsePlace | null {
  if (setting(env, 'RELAY_DIMSE_PORT') === undefined) return null;
  const host = setting(env, 'RELAY_DIMSE_HOST') ?? '127.0.0.1';
  if (isIP(host) === 0)
    wrong(
      'RELAY_DIMSE_HOST must be an address of this machine in the network of the modalities, for example RELAY_DIMSE_HOST=10.1.0.5.',
    );
  const aeTitle = setting(env, 'RELAY_DIMSE_AE_TITLE') ?? TITLE;
  if (!AE_TITLE.test(aeTitle))
    wrong(
      `RELAY_DIMSE_AE_TITLE must have at most 16 characters of ASCII, for example RELAY_DIMSE_AE_TITLE=${TITLE}.`,
    );
  return { host, port: portOf(env, 'RELAY_DIMSE_PORT', PORT, wrong), aeTitle };
}
