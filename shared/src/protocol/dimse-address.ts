/**
 * The address of a PACS that speaks DIMSE, as one text: `dimse://CALLING@host:port/CALLED`, or `dimse-tls://…` for a
 * connection with TLS. AE titles with characters other than letters, digits, `.`, `_` and `-` are percent-encoded.
 */

export type DimseAddress = {
  readonly isTls: boolean;
  readonly host: string;
  readonly port: number;
  /** The PACS's own AE title. */
  readonly calledAE: string;
  /** The AE title by which the PACS knows the gateway. */
  readonly callingAE: string;
};

const ADDRESS = /^(dimse|dimse-tls):\/\/([^@/]+)@([^@/]+):(\d{1,5})\/([^/]+)$/;
/** RFC 1123 §2.1 and RFC 3986 §3.2.2. */
const HOST = /^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])$/;
const HOST_LIMIT = 253;
/** PS3.5 Table 6.2-1: at most 16 characters, no backslash or control characters, and not only spaces. */
export const AE_TITLE = /^(?! )[\x20-\x5b\x5d-\x7e]{1,16}(?<! )$/;
const LAST_PORT = 65_535;

/** Null: the text is not a DIMSE address. */
export function parseDimseAddress(text: string): DimseAddress | null {
  const [, scheme, calling, host, port, called] = ADDRESS.exec(text) ?? [];
  if (calling === undefined || host === undefined || called === undefined) return null;
  const address = {
    isTls: scheme === 'dimse-tls',
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(port),
    calledAE: decoded(called),
    callingAE: decoded(calling),
  };
  const isRight =
    HOST.test(host) &&
    host.length <= HOST_LIMIT &&
    address.port >= 1 &&
    address.port <= LAST_PORT &&
    AE_TITLE.test(address.calledAE) &&
    AE_TITLE.test(address.callingAE);
  return isRight ? address : null;
}

export function formatDimseAddress(address: DimseAddress): string {
  const { isTls, host, port, calledAE, callingAE } = address;
  const named = host.includes(':') ? `[${host}]` : host;
  const scheme = isTls ? 'dimse-tls' : 'dimse';
  return `${scheme}://${encodeURIComponent(callingAE)}@${named}:${port}/${encodeURIComponent(calledAE)}`;
}

/** The address without the gateway's own AE title, as receipts and people need it. */
export const withoutCalling = (text: string): string => text.replace(/^(dimse(?:-tls)?:\/\/)[^@/]+@/, '$1');

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
