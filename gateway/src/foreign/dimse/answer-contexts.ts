/** Accepts or refuses the proposed presentation contexts (PS3.8 §9.3.3.2), each on its own. */
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

/** Transfer syntaxes that every peer reads come first; else the first that the gateway opens, in the peer's order. */
const PREFERRED: readonly string[] = [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN];

type AnsweredContexts = {
  readonly contexts: readonly Context[];
  readonly provided: readonly string[];
};

/**
 * C-ECHO; of a peer C-STORE of each class that can be stored in each transfer syntax that the gateway opens; and
 * storage commitment of a PACS that reports.
 */
export function answerContexts(
  { contexts: proposed, provides }: Pick<AssociationAsked, 'contexts' | 'provides'>,
  caller: Pick<AdmittedCaller, 'reportsOn'> & { readonly peer: unknown },
): AnsweredContexts {
  // A caller without a proposed role can mean nothing else: the port takes nothing of this class but reports.
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
    // PS3.8 §9.3.3.2: one has to stand there, also where it says nothing.
    return { id, abstractSyntax, result, transferSyntax: chosen ?? IMPLICIT_VR_LITTLE_ENDIAN };
  });
  const isProvided = reports && provides.has(COMMITMENT_PUSH);
  return { contexts, provided: isProvided ? [COMMITMENT_PUSH] : [] };
}

const isStored = (abstractSyntax: string): boolean => sopClassKind(abstractSyntax) !== 'not-storage';

const chooseSyntax = (offered: readonly string[]): string | undefined =>
  PREFERRED.find((uid) => offered.includes(uid)) ?? offered.find((uid) => encodingOf(uid) !== null);

/** PS3.5 §10.1: every context of a class that is no image offers it. */
const implicitOf = (offered: readonly string[]): string | undefined =>
  offered.find((uid) => uid === IMPLICIT_VR_LITTLE_ENDIAN);
