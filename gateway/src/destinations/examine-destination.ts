/**
 * *Test*: runs the doctor against a destination with the gateway's own authentication, certificates and proxy. The
 * verdict is the worst of its findings.
 */
import type { DestinationExamination, ExaminationWish } from '#shared/protocol/destination.ts';
import { trimEnd } from '#shared/trim-end.ts';
import { CHECKS } from '../doctor/checks.ts';
import { diagnose, worstOf, type DiagnosisCode, type Finding } from '../doctor/diagnoses.ts';
import { examineFolder } from '../doctor/examine-folder.ts';
import { examinePacs, type PacsReport } from '../doctor/examine-pacs.ts';
import { authorizationNow, type PacsConnection, type WebAround } from '../ports/pacs/connection.ts';
import { BLOCKED } from '../refuse-link-local.ts';
import { MALFORMED_TOKEN, NO_TOKEN, PacsUnreachable, SECRETS_UNREADABLE } from '../ports/pacs/pacs.ts';

export type Examining = WebAround & {
  /** Used for folders only. Throws PacsUnreachable. */
  readonly probe: (signal: AbortSignal) => Promise<void>;
};

/** `connect` throws PacsUnreachable where the destination's secrets cannot be read. */
export async function examineDestination(
  connect: () => PacsConnection,
  around: Examining,
  scope: ExaminationWish['scope'],
  signal: AbortSignal,
): Promise<DestinationExamination> {
  const began = around.clock();
  const { findings, settings } = await examine(connect, around, scope, signal).catch((error: unknown) => {
    const code = error instanceof PacsUnreachable ? BEFORE[error.connection ?? ''] : undefined;
    if (code === undefined) throw error;
    return { findings: [diagnose(code)], settings: null };
  });
  const worst = worstOf(findings);
  return {
    verdict: worst && toShown(worst),
    findings: findings.map(toShown),
    settings,
    milliseconds: Math.round(around.clock() - began),
  };
}

/** Failures that happen before anything is asked of the PACS. */
const BEFORE = {
  [BLOCKED]: 'token-address-blocked',
  [NO_TOKEN]: 'no-access-token',
  [MALFORMED_TOKEN]: 'access-token-malformed',
  [SECRETS_UNREADABLE]: 'secrets-unreadable',
} as { readonly [connection: string]: DiagnosisCode | undefined };

async function examine(
  connect: () => PacsConnection,
  around: Examining,
  scope: ExaminationWish['scope'],
  signal: AbortSignal,
): Promise<{ readonly findings: readonly Finding[]; readonly settings: PacsReport['settings'] | null }> {
  const connection = connect();
  if (connection.kind === 'folder') {
    const finding = await examineFolder(() => around.probe(signal));
    return { findings: [finding], settings: null };
  }
  const { tls, url, commitment = false } = connection;
  const isDimse = connection.kind === 'dimse';
  const authorization = isDimse ? null : await authorizationNow(connection, around, signal);
  const { proxy, blocked } = around;
  const way = { authorization, ...tls, blocked, url: isDimse ? url : trimEnd(url, '/') };
  const wants = { commitment, orthanc: connection.kind === 'orthanc' };
  const { findings, settings, isReached } = await examinePacs(way, { scope, wants, proxy }, signal);
  return { findings, settings: isReached && scope !== 'reach' ? settings : null };
}

const toShown = ({ check, code, result, says, change }: Finding) => ({
  ...{ title: CHECKS[check].title, code, result, says },
  change: change.map(({ at, text }) => (at === 'any' ? text : `${at}: ${text}`)),
});
