/**
 * Decides what a caller may do in its association: store instances, as a peer, or report on storage commitment that
 * the gateway requested from it.
 */
import { AE_TITLE } from '#shared/protocol/dimse-address.ts';
import type { DimseRefusal } from '#shared/protocol/dimse-peer.ts';
import type { AssociationAsked } from '../../dimse/pdu-acceptor.ts';
import { admitPeer, type AdmitTools } from './admit-peer.ts';
import { findReporter, type AddressesOf } from './find-reporter.ts';
import type { AdmittedPeer } from './keep-instances.ts';

export type AdmittedCaller = {
  /** The key under which its associations are counted. */
  readonly key: string;
  /** Null: the caller may not store. */
  readonly peer: AdmittedPeer | null;
  /** The destinations on whose storage commitment the caller may report. */
  readonly reportsOn: ReadonlySet<string>;
};

type CallerAdmission =
  | { readonly kind: 'admitted'; readonly caller: AdmittedCaller }
  | { readonly kind: 'refused'; readonly because: DimseRefusal };

type CallerTools = AdmitTools & { readonly addressesOf: AddressesOf };

export async function admitCaller(
  tools: CallerTools,
  asked: AssociationAsked,
  address: string,
): Promise<CallerAdmission> {
  const { isDicom, isOurVersion, callingAE } = asked;
  if (!isDicom || !isOurVersion) return { kind: 'refused', because: 'no-dicom' };
  // No peer and no destination can have such a title, and the database does not accept NUL.
  if (!AE_TITLE.test(callingAE)) return { kind: 'refused', because: 'calling-ae' };
  const { db } = tools.pipeline;
  const storing = await admitPeer(tools, asked, address);
  const peer = storing.kind === 'admitted' ? storing.peer : null;
  const reporter = await findReporter({ ...tools, db }, asked, peer === null ? address : null);
  const reportsOn = reporter.kind === 'reporter' ? reporter.destinations : new Set<string>();
  if (peer !== null || reporter.kind === 'reporter')
    return { kind: 'admitted', caller: { key: peer?.row.id ?? callingAE, peer, reportsOn } };
  const because = storing.kind === 'refused' && storing.because !== 'calling-ae' ? storing : reporter;
  return { kind: 'refused', because: because.because };
}
