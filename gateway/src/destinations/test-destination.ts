/** *Test*: a small search and the first bytes of an instance, and the trouble in a word. Writes nothing. */
import type { DestinationFinding, DestinationTest } from '#shared/protocol/destination.ts';
import { ASSOCIATION_REFUSED, UNKNOWN_AE_TITLE } from '../dimse/association-failed.ts';
import {
  FOLDERS_NOT_ALLOWED,
  NO_TOKEN,
  NOT_ORTHANC,
  NOT_ASKED,
  PacsDoesNotCommit,
  PacsDoesNotSearch,
  PacsUnreachable,
  type Pacs,
  SECRETS_UNREADABLE,
} from '../ports/pacs/pacs.ts';

/** A person waits for it. */
const PATIENCE_MS = 15_000;

export async function testDestination(
  open: () => Pacs,
  clock: () => number,
  signal: AbortSignal,
): Promise<DestinationTest> {
  const began = clock();
  const late = AbortSignal.timeout(PATIENCE_MS);
  const found = await ask(open, AbortSignal.any([signal, late])).catch((error: unknown) => {
    signal.throwIfAborted();
    if (late.aborted) return { finding: 'silent', status: null } as const;
    if (error instanceof PacsUnreachable) return findingOf(error);
    throw error;
  });
  return { ...found, milliseconds: Math.round(clock() - began) };
}

type Found = Pick<DestinationTest, 'finding' | 'status'>;

async function ask(open: () => Pacs, signal: AbortSignal): Promise<Found> {
  const pacs = open();
  await pacs.probe(signal);
  const gives = await pacs.givesInstances(signal);
  return { finding: gives === false ? 'no-retrieval' : 'ok', status: null };
}

function findingOf(error: PacsUnreachable): Found {
  const { status, connection } = error;
  if (error instanceof PacsDoesNotSearch) return { finding: 'no-search', status };
  if (error instanceof PacsDoesNotCommit) return { finding: 'no-commitment', status };
  const said = connection === null ? undefined : BY_CONNECTION[connection];
  if (said !== undefined) return { finding: said, status };
  return { finding: status === null ? 'unreachable' : byStatus(status), status };
}

function byStatus(status: number): DestinationFinding {
  if (status >= 300 && status < 400) return 'redirects';
  return [401, 403, 407].includes(status) ? 'not-signed-in' : 'answers-with-error';
}

/** The names that Node and OpenSSL give to what happened. */
const BY_CONNECTION: Readonly<Record<string, DestinationFinding>> = {
  [NO_TOKEN]: 'no-access-token',
  [SECRETS_UNREADABLE]: 'secrets-unreadable',
  [NOT_ORTHANC]: 'not-orthanc',
  [UNKNOWN_AE_TITLE]: 'unknown-ae-title',
  [ASSOCIATION_REFUSED]: 'association-refused',
  [FOLDERS_NOT_ALLOWED]: 'folders-not-allowed',
  ENOENT: 'folder-missing',
  ENOTDIR: 'folder-missing',
  EACCES: 'folder-not-writable',
  EPERM: 'folder-not-writable',
  EROFS: 'folder-not-writable',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  ENOTFOUND: 'unknown-name',
  EAI_AGAIN: 'unknown-name',
  ECONNREFUSED: 'connection-refused',
  silent: 'silent',
  [NOT_ASKED]: 'silent',
  UND_ERR_CONNECT_TIMEOUT: 'silent',
  UND_ERR_HEADERS_TIMEOUT: 'silent',
  UND_ERR_BODY_TIMEOUT: 'silent',
  ETIMEDOUT: 'silent',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-other-name',
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate-unknown',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate-unknown',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate-unknown',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate-unknown',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate-unknown',
};
