/** Accepts or refuses each of the proposed presentation contexts (PS3.8 §9.3.3.2). */
import {
  encodingOf,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  sopClassKind,
} from '#shared/dicom/registry.ts';
import type { Context } from '../../dimse/association.ts';
import { VERIFICATION } from '../../dimse/messages.ts';
import type { AssociationAsked } from '../../dimse/pdu-acceptor.ts';
import { COMMITMENT_PUSH } from '../../ports/pacs/dimse-commitment.ts';
import type { AdmittedCaller } from './admit-caller.ts';

/** PS3.8 Table 9-18. */
const ACCEPTANCE = 0;
const CLASS_NOT_SUPPORTED = 3;
const SYNTAXES_NOT_SUPPORTED = 4;

/**
 * The preferred transfer syntaxes, which every peer can read. If none is offered, the first one that the gateway can
 * open is chosen, in the peer's order.
 */
const PREFERRED: readonly string[] = [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN];

type AnsweredContexts = {
  readonly contexts: readonly Context[];
  readonly provided: readonly string[];
};

/**
 * Accepts C-ECHO from every caller, C-STORE from a peer (for all storage classes, in each transfer syntax that the
 * gateway can open), and storage commitment from a PACS that reports.
 */
export function answerContexts(
  { contexts: proposed, provides }: Pick<AssociationAsked, 'contexts' | 'provides'>,
  caller: Pick<AdmittedCaller, 'reportsOn'> & { readonly peer: unknown },
): AnsweredContexts {
  // If the caller proposed no role, it can only mean reports, because the port accepts nothing else of this class.
  const reports = caller.reportsOn.size > 0 && provides.get(COMMITMENT_PUSH) !== false;
  const contexts = proposed.map(({ id, abstractSyntax, transferSyntaxes }) => {
    const choose =
      abstractSyntax === COMMITMENT_PUSH
        ? reports && implicitOf
        : (abstractSyntax === VERIFICATION || (caller.peer !== null && isStored(abstractSyntax))) &&
          chooseSyntax;
    const chosen = choose === false ? undefined : choose(transferSyntaxes);
    const refusal = choose === false ? CLASS_NOT_SUPPORTED : SYNTAXES_NOT_SUPPORTED;
    const result = chosen === undefined ? refusal : ACCEPTANCE;
    // PS3.8 §9.3.3.2: a transfer syntax is required, even if it has no meaning.
    return { id, abstractSyntax, result, transferSyntax: chosen ?? IMPLICIT_VR_LITTLE_ENDIAN };
  });
  const isProvided = reports && provides.has(COMMITMENT_PUSH);
  return { contexts, provided: isProvided ? [COMMITMENT_PUSH] : [] };
}

const isStored = (abstractSyntax: string): boolean => sopClassKind(abstractSyntax) !== 'not-storage';

const chooseSyntax = (offered: readonly string[]): string | undefined =>
  PREFERRED.find((uid) => offered.includes(uid)) ?? offered.find((uid) => encodingOf(uid) !== null);

/** PS3.5 §10.1: every context of a class that is not an image class offers it. */
const implicitOf = (offered: readonly string[]): string | undefined =>
  offered.find((uid) => uid === IMPLICIT_VR_LITTLE_ENDIAN);
