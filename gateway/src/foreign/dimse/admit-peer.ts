/**
 * Decides about a request for an association (PS3.8 §9.3.3 and §9.3.4). A stranger hears the same as a peer that calls
 * from elsewhere, so nobody learns which AE titles are known.
 */
import {
  encodingOf,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  sopClassKind,
} from '#shared/dicom/registry.ts';
import type { Policy, Role } from '#shared/protocol/api.ts';
import type { DimseRefusal } from '#shared/protocol/dimse-peer.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Context } from '../../dimse/association.ts';
import { VERIFICATION } from '../../dimse/messages.ts';
import type { AssociationAsked, Rejection } from '../../dimse/pdu-acceptor.ts';
import type { ProposedContext } from '../../dimse/pdu.ts';
import { parseProxies } from '../../http/client-address.ts';
import type { PipelineTools } from '../../pipeline/pipeline-tools.ts';
import { policyNamed, requireReason } from '../../policies/policies.ts';
import { toOpening } from '../run-open-file.ts';
import { findPeerByTitle, noteSeen } from './dimse-peer.store.ts';
import type { AdmittedPeer } from './keep-instances.ts';

/** PS3.8 Table 9-21: result, source and reason. */
const PERMANENT = 1;
const TRANSIENT = 2;
const BY_USER = 1;
const BY_ACSE = 2;
const BY_PRESENTATION = 3;

export const REJECTIONS: Readonly<Record<DimseRefusal | 'busy' | 'version', Rejection>> = {
  'calling-ae': { result: PERMANENT, source: BY_USER, reason: 3 },
  address: { result: PERMANENT, source: BY_USER, reason: 3 },
  'called-ae': { result: PERMANENT, source: BY_USER, reason: 7 },
  // No reason given: an administrator has to change something first.
  'account-ended': { result: PERMANENT, source: BY_USER, reason: 1 },
  policy: { result: PERMANENT, source: BY_USER, reason: 1 },
  'no-dicom': { result: PERMANENT, source: BY_USER, reason: 2 },
  version: { result: PERMANENT, source: BY_ACSE, reason: 2 },
  'too-many': { result: TRANSIENT, source: BY_PRESENTATION, reason: 2 },
  busy: { result: TRANSIENT, source: BY_PRESENTATION, reason: 1 },
};

/** PS3.8 Table 9-18. */
const ACCEPTANCE = 0;
const CLASS_NOT_SUPPORTED = 3;
const SYNTAXES_NOT_SUPPORTED = 4;

/** Those that everything reads first; else the first one that the gateway opens, as the peer prefers them. */
const PREFERRED: readonly string[] = [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN];

export type Admission =
  | { readonly kind: 'admitted'; readonly peer: AdmittedPeer }
  | { readonly kind: 'refused'; readonly because: DimseRefusal };

export type AdmitTools = {
  readonly pipeline: PipelineTools;
  readonly siteId: string;
  /** Of the gateway. */
  readonly aeTitle: string;
};

export async function admitPeer(
  { pipeline, siteId, aeTitle }: AdmitTools,
  { calledAE, callingAE, isDicom, isOurVersion }: AssociationAsked,
  address: string,
): Promise<Admission> {
  const { db, now } = pipeline;
  if (!isDicom || !isOurVersion) return { kind: 'refused', because: 'no-dicom' };
  const found = await findPeerByTitle(db, siteId, callingAE);
  if (found === undefined) return { kind: 'refused', because: 'calling-ae' };
  if (parseProxies(found.addresses)?.has(address) !== true) return { kind: 'refused', because: 'address' };
  if (calledAE !== aeTitle) return { kind: 'refused', because: 'called-ae' };
  const { roles, isDisabled, ...row } = found;
  if (isDisabled) return { kind: 'refused', because: 'account-ended' };
  const policy = await policyOf(pipeline, row, roles);
  if (policy === null) return { kind: 'refused', because: 'policy' };
  await noteSeen(db, row, now());
  return {
    kind: 'admitted',
    peer: { row, policy, opening: await toOpening({ pipeline }, siteId, policy) },
  };
}

/** Null: it was withdrawn, is not for the account any more, or asks for a reason that nobody has given. */
async function policyOf(
  { db }: PipelineTools,
  { site_id, policy_name, reason }: AdmittedPeer['row'],
  roles: readonly Role[],
): Promise<Policy | null> {
  try {
    const policy = await policyNamed(db, site_id, policy_name, roles);
    requireReason(policy, reason);
    return policy;
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

/** C-ECHO, and C-STORE of each class that can be stored in each transfer syntax that the gateway opens. */
export function answerContexts(proposed: readonly ProposedContext[]): readonly Context[] {
  return proposed.map(({ id, abstractSyntax, transferSyntaxes }) => {
    const isKnown = abstractSyntax === VERIFICATION || sopClassKind(abstractSyntax) !== 'not-storage';
    const chosen = isKnown ? chooseSyntax(transferSyntaxes) : undefined;
    const result = chosen !== undefined ? ACCEPTANCE : isKnown ? SYNTAXES_NOT_SUPPORTED : CLASS_NOT_SUPPORTED;
    // PS3.8 §9.3.3.2: one has to stand there, also where it says nothing.
    return { id, abstractSyntax, result, transferSyntax: chosen ?? IMPLICIT_VR_LITTLE_ENDIAN };
  });
}

const chooseSyntax = (offered: readonly string[]): string | undefined =>
  PREFERRED.find((uid) => offered.includes(uid)) ?? offered.find((uid) => encodingOf(uid) !== null);
