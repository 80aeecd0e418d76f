/**
 * Accepts an association: reads the request of the connected peer, and answers it as `decide` says. Until then the
 * peer has only a short time, and only one of its PDUs is in memory.
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
 * Returns the association and what `decide` granted; null if it was rejected. Throws AssociationFailed if the peer
 * does not speak DICOM, the signal's reason, and whatever `decide` throws; in these cases the peer receives an
 * A-ABORT.
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
