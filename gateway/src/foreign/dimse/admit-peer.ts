/**
 * Decides whether a caller may store, and defines how a rejection is reported (PS3.8 §9.3.4). A stranger gets the same
 * answer as a peer that calls from another address, so nobody learns which AE titles are known.
 */
import type { DimseRefusal } from '#shared/protocol/dimse-peer.ts';
import type { AssociationAsked, Rejection } from '../../dimse/pdu-acceptor.ts';
import { parseProxies } from '../../http/client-address.ts';
import type { PipelineTools } from '../../pipeline/plan/pipeline-tools.ts';
import { toOpening } from '../transfers/run-open-file.ts';
import { findPeerByTitle, noteSeen } from './dimse-peer.store.ts';
import { policyOfPeer } from './policy-of-peer.ts';
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
  // No reason given, because an administrator has to change something first.
  'account-ended': { result: PERMANENT, source: BY_USER, reason: 1 },
  policy: { result: PERMANENT, source: BY_USER, reason: 1 },
  'no-dicom': { result: PERMANENT, source: BY_USER, reason: 2 },
  version: { result: PERMANENT, source: BY_ACSE, reason: 2 },
  'too-many': { result: TRANSIENT, source: BY_PRESENTATION, reason: 2 },
  busy: { result: TRANSIENT, source: BY_PRESENTATION, reason: 1 },
};

type Admission =
  | { readonly kind: 'admitted'; readonly peer: AdmittedPeer }
  | { readonly kind: 'refused'; readonly because: DimseRefusal };

export type AdmitTools = {
  readonly pipeline: PipelineTools;
  readonly siteId: string;
  /** The gateway's AE Title. */
  readonly aeTitle: string;
};

export async function admitPeer(
  { pipeline, siteId, aeTitle }: AdmitTools,
  { calledAE, callingAE }: Pick<AssociationAsked, 'calledAE' | 'callingAE'>,
  address: string,
): Promise<Admission> {
  const { db, now } = pipeline;
  const found = await findPeerByTitle(db, siteId, callingAE);
  if (found === undefined) return { kind: 'refused', because: 'calling-ae' };
  if (parseProxies(found.addresses)?.has(address) !== true) return { kind: 'refused', because: 'address' };
  if (calledAE !== aeTitle) return { kind: 'refused', because: 'called-ae' };
  const { roles, isDisabled, ...row } = found;
  if (isDisabled) return { kind: 'refused', because: 'account-ended' };
  const policy = await policyOfPeer(pipeline.db, row, roles);
  if (policy === null) return { kind: 'refused', because: 'policy' };
  await noteSeen(db, row, now());
  return {
    kind: 'admitted',
    peer: { row, policy, opening: await toOpening({ pipeline }, siteId, policy) },
  };
}
