/**
 * The doctor at a destination, reached as the gateway reaches it: by its own authentication, certificates and proxy. A
 * folder, and DIMSE, have none of what the doctor looks at.
 */
import type { DestinationExamination } from '#shared/protocol/destination.ts';
import { CHECKS } from '../doctor/checks.ts';
import { examinePacs } from '../doctor/examine-pacs.ts';
import { authorizationNow, type PacsConnection } from '../ports/pacs/connection.ts';
import type { PacsProxy } from '../ports/pacs/pacs-fetch.ts';

export type Examining = { readonly proxy: PacsProxy | null; readonly clock: () => number };

/** `isStoring`: two synthetic instances are stored, and removed where possible. Throws PacsUnreachable. */
export async function examineDestination(
  connection: PacsConnection,
  around: Examining,
  isStoring: boolean,
  signal: AbortSignal,
): Promise<DestinationExamination> {
  if (connection.kind === 'folder' || connection.kind === 'dimse') return { findings: [], settings: null };
  const { tls, url } = connection;
  const authorization = await authorizationNow(connection, around, signal);
  const way = { url: url.replace(/\/+$/, ''), authorization, ...tls, proxy: around.proxy };
  const { findings, settings, isReached } = await examinePacs(way, { isStoring }, signal);
  return {
    findings: findings.map(({ check, result, says, change }) => ({
      title: CHECKS[check],
      result,
      says,
      change: change.map(({ at, text }) => (at === 'any' ? text : `${at}: ${text}`)),
    })),
    settings: isReached ? settings : null,
  };
}
