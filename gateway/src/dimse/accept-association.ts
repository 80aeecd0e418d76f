/**
 * An association as its acceptor: the request of whoever has connected is read, and answered as `decide` says. Until
 * then the peer has a moment only, and one PDU of it is in memory.
 */
import { violated } from './association-failed.ts';
import { Association, LEAST_BYTES, type Context } from './association.ts';
import {
  encodeAssociateAccept,
  encodeAssociateReject,
  parseAssociateRequest,
  type Acceptance,
  type AssociationAsked,
  type Rejection,
} from './pdu-acceptor.ts';
import { ABORT_REQUEST, ASSOCIATE_RQ, parsePduHeader, PDU_HEADER_BYTES } from './pdu.ts';
import type { Transport } from './transport.ts';

export type Decision<Granted> =
  | (Acceptance & {
      readonly kind: 'accept';
      readonly contexts: readonly Context[];
      readonly granted: Granted;
    })
  | ({ readonly kind: 'reject' } & Rejection);

/**
 * The association with what `decide` granted; null: it was rejected. Throws AssociationFailed where the peer speaks no
 * DICOM, the signal's reason, and what `decide` throws; then the peer is told A-ABORT.
 */
export async function acceptAssociation<Granted>(
  transport: Transport,
  decide: (asked: AssociationAsked) => Promise<Decision<Granted>>,
): Promise<{ readonly association: Association; readonly granted: Granted } | null> {
  try {
    const { type, length } = parsePduHeader(await transport.read(PDU_HEADER_BYTES));
    if (type !== ASSOCIATE_RQ) throw violated('no request for an association');
    const asked = parseAssociateRequest(await transport.read(length));
    const { titles, maxBytes } = asked;
    const decision = await decide(asked);
    if (decision.kind === 'reject') {
      transport.end(encodeAssociateReject(decision));
      return null;
    }
    if (maxBytes !== 0 && maxBytes < LEAST_BYTES) throw violated('too small a limit of PDUs');
    await transport.write(encodeAssociateAccept(titles, decision));
    return {
      association: new Association(transport, decision.contexts, maxBytes),
      granted: decision.granted,
    };
  } catch (error) {
    transport.end(ABORT_REQUEST);
    throw error;
  }
}
