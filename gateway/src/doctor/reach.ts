/**
 * Checks the connection to the PACS: its name, its port, its certificate. No credentials are sent before the
 * certificate has been accepted.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from 'node:tls';
import { DAY_MS } from '#shared/day.ts';
import { parseDimseAddress } from '#shared/protocol/dimse-address.ts';
import type { CheckName } from './checks.ts';
import { BLOCKED, openSocket } from '../refuse-link-local.ts';
import { codeOf, placeOf, trusting } from './ask.ts';
import { isDimse } from './dimse.ts';
import { diagnose, skipped, type Finding } from './diagnoses.ts';
import { only, type Probe, type Visit } from './visit.ts';

/** A handshake takes two round trips; five seconds are enough even over the slowest satellite link. */
const CONNECT_MS = 5_000;
/** Enough time to order a certificate and to find the person who may install it. */
const SOON_MS = 14 * DAY_MS;

/** Skips a check behind a proxy, since only the proxy connects to the PACS. The first search shows what is wrong. */
const unlessProxied =
  (checks: readonly CheckName[], run: Probe['run']): Probe['run'] =>
  async (visit) =>
    visit.connection.proxy
      ? checks.map((check) => skipped(check, 'A proxy (HTTPS_PROXY) leads there.'))
      : run(visit);

export const REACH: readonly Probe[] = [
  { isVital: true, run: unlessProxied(['name'], findName) },
  { isVital: true, run: unlessProxied(['connection'], openConnection) },
  { isVital: true, run: unlessProxied(['certificate', 'certificate-name'], lookAtCertificate) },
];

async function findName({ connection }: Visit): Promise<readonly Finding[]> {
  const { host } = placeOf(connection.url);
  if (isIP(host)) return only('name-is-address', { host });
  try {
    const addresses = await lookup(host, { all: true });
    return only('name-found', { host, addresses: addresses.map(({ address }) => address).join(', ') });
  } catch (error) {
    return only('name-unknown', { host, code: codeOf(error) });
  }
}

async function openConnection({ connection, signal }: Visit): Promise<readonly Finding[]> {
  const { host, port } = placeOf(connection.url);
  const late = AbortSignal.timeout(CONNECT_MS);
  const { blocked } = connection;
  try {
    const socket = await openSocket({ host, port, blocked }, null, AbortSignal.any([signal, late]));
    socket.destroy();
    return only('connection-open', { port });
  } catch (error) {
    const code = codeOf(error);
    if (code === BLOCKED) return only('address-blocked', { host });
    if (code === 'ECONNREFUSED')
      return only(isDimse(connection.url) ? 'dimse-connection-refused' : 'connection-refused', {
        host,
        port,
      });
    return late.aborted || code === 'ETIMEDOUT'
      ? only('connection-silent', { host, port })
      : only('connection-failed', { host, code });
  }
}

async function lookAtCertificate({ connection, clock, signal }: Visit): Promise<readonly Finding[]> {
  const { isTls, host, port } = placeOf(connection.url);
  if (!isTls) return [inClear(connection.url, host), diagnose('plain-has-no-name')];
  const { blocked, ca, own } = connection;
  // The certificate is judged here, so that all its faults are reported at once. Nothing is sent.
  const tls = { ...trusting(ca), ...own, rejectUnauthorized: false, checkServerIdentity: () => undefined };
  const bound = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
  try {
    const socket = (await openSocket({ host, port, blocked }, tls, bound)) as TLSSocket;
    const findings = judge(socket, host, clock.now());
    socket.destroy();
    return findings;
  } catch (error) {
    const code = codeOf(error);
    const isOurs = /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE_CERT/.test(code);
    return only(isOurs ? 'client-certificate-wanted' : 'tls-failed', { port, code });
  }
}

function inClear(url: string, host: string): Finding {
  if (isLoopback(host)) return diagnose('plain-loopback');
  const calling = parseDimseAddress(url)?.callingAE;
  return calling === undefined ? diagnose('plain-network') : diagnose('dimse-in-clear', { calling });
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|::1)$/.test(host);

function judge(socket: TLSSocket, host: string, now: number): Finding[] {
  const certificate = socket.getPeerCertificate();
  // Node gives the error code as text, despite its type declarations.
  const fault = socket.authorizationError as unknown;
  const code = typeof fault === 'string' ? fault : fault ? codeOf(fault) : null;
  return [judgeChain(certificate, code, now), judgeName(certificate, host)];
}

/** Error codes for an unknown authority. */
const PRIVATE = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

function judgeChain({ valid_from, valid_to, issuer }: PeerCertificate, code: string | null, now: number) {
  const until = dayOf(valid_to);
  if (code === null)
    return diagnose(Date.parse(valid_to) - now < SOON_MS ? 'certificate-ends-soon' : 'certificate-trusted', {
      until,
    });
  if (code === 'CERT_HAS_EXPIRED') return diagnose('certificate-expired', { until });
  if (code === 'CERT_NOT_YET_VALID')
    return diagnose('certificate-not-yet-valid', { from: dayOf(valid_from) });
  if (!PRIVATE.includes(code)) return diagnose('certificate-invalid', { code });
  const named = issuer?.CN ?? issuer?.O ?? 'an authority without a name';
  return diagnose('certificate-private', { issuer: String(named), code });
}

function judgeName(certificate: PeerCertificate, host: string): Finding {
  if (checkServerIdentity(host, certificate) === undefined)
    return diagnose('certificate-name-right', { host });
  const names = (certificate.subjectaltname ?? `CN ${String(certificate.subject?.CN ?? '')}`)
    .replaceAll(/(DNS|IP Address):/g, '')
    .trim();
  return diagnose('certificate-name-wrong', { host, names: names || 'nobody' });
}

const dayOf = (text: string): string => {
  const at = Date.parse(text);
  return Number.isNaN(at) ? 'an unknown day' : new Date(at).toISOString().slice(0, 10);
};
