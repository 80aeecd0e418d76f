/**
 * Instances by C-STORE, one after the other in one association. The bytes of each Data Set are sent as they are, in
 * their own transfer syntax; a deflated Data Set with an odd number of bytes is padded. A PACS that does not support a
 * SOP Class, or that transfer syntax, refuses the instance.
 */
import { encodingOf, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import {
  withAssociation,
  type Association,
  type PeerSettings,
  type Wanted,
} from '../../dimse/association.ts';
import { AssociationFailed } from '../../dimse/association-failed.ts';
import { CONTEXTS_LIMIT } from '../../dimse/pdu.ts';
import { CLASS_NOT_SUPPORTED, SUCCESS } from '../../dimse/command-fields.ts';
import { store } from '../../dimse/messages.ts';
import { openDataSet } from './dimse-files.ts';
import type { InstanceToStore, StoreAnswer } from './pacs.ts';
import { provenBytes } from './proven-bytes.ts';

/** PS3.18 Table I.2-2: Referenced Transfer Syntax Not Supported. PS3.8 has no status for a refused context. */
const TRANSFER_SYNTAX_NOT_SUPPORTED = 0xc122;
/** PS3.4 Table B.2-1: Cannot understand. */
const CANNOT_UNDERSTAND = 0xc000;

/** PS3.8 Table 9-18, Result/Reason. */
const ABSTRACT_SYNTAX_REFUSED = 3;
const TRANSFER_SYNTAXES_REFUSED = 4;

const USUAL: readonly string[] = [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN];

/** Throws AssociationFailed, InstanceUnreadable and the signal's reason. */
export async function storeAll(
  peer: PeerSettings,
  instances: readonly InstanceToStore[],
  signal: AbortSignal,
): Promise<readonly StoreAnswer[]> {
  const answers: StoreAnswer[] = [];
  const classes = new Map<string, string>();
  for (let at = 0; at < instances.length; at += CONTEXTS_LIMIT) {
    const some = instances.slice(at, at + CONTEXTS_LIMIT);
    await withAssociation(peer, { contexts: contextsFor(some) }, signal, async (association) => {
      for (const instance of some) {
        answers.push(await storeOne(association, instance, signal));
        const refused = refusedClass(association, instance);
        if (refused !== null) classes.set(instance.sopInstanceUID, refused);
      }
    });
  }
  const encoded = await findEncoded(peer, classes, signal);
  return answers.map((answer) =>
    encoded.has(classes.get(answer.sopInstanceUID) ?? '')
      ? { ...answer, pacsCode: TRANSFER_SYNTAX_NOT_SUPPORTED }
      : answer,
  );
}

/** The SOP Class of an instance, if the class was refused and the transfer syntax is one that not every PACS knows. */
function refusedClass(association: Association, instance: InstanceToStore): string | null {
  const { sopClassUID, transferSyntaxUID } = instance;
  const result = association.contextOf(sopClassUID, transferSyntaxUID)?.result;
  return result === ABSTRACT_SYNTAX_REFUSED && !USUAL.includes(transferSyntaxUID) ? sopClassUID : null;
}

/**
 * Those of the refused classes that the PACS takes in the usual transfer syntaxes: some PACSs refuse the class where
 * they only lack the transfer syntax. `classes`: by instance; without any, the PACS is not asked.
 */
async function findEncoded(
  peer: PeerSettings,
  classes: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const asked = [...new Set(classes.values())].slice(0, CONTEXTS_LIMIT);
  if (asked.length === 0) return new Set();
  const contexts = asked.map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: USUAL }));
  try {
    return await withAssociation(
      peer,
      { contexts },
      signal,
      async (association) => new Set(asked.filter((one) => association.contextOf(one)?.result === 0)),
    );
  } catch (error) {
    // The instances were already answered; this was only to explain the refusals.
    if (error instanceof AssociationFailed) return new Set();
    throw error;
  }
}

/** A context for each pair of SOP Class and transfer syntax, so that the PACS does not choose among several. */
function contextsFor(instances: readonly InstanceToStore[]): readonly Wanted[] {
  const pairs = new Map<string, Wanted>();
  for (const { sopClassUID, transferSyntaxUID } of instances)
    pairs.set(`${sopClassUID} ${transferSyntaxUID}`, {
      abstractSyntax: sopClassUID,
      transferSyntaxes: [transferSyntaxUID],
    });
  return [...pairs.values()];
}

async function storeOne(
  association: Association,
  instance: InstanceToStore,
  signal: AbortSignal,
): Promise<StoreAnswer> {
  const { sopInstanceUID, sopClassUID, transferSyntaxUID } = instance;
  const context = association.contextOf(sopClassUID, transferSyntaxUID);
  // PS3.8 §9.3.3.2 requires an answer to each context; a missing answer is not a refusal.
  if (context === undefined) return { sopInstanceUID, outcome: 'omitted', pacsCode: null };
  if (context.result !== 0)
    return { sopInstanceUID, outcome: 'refused', pacsCode: codeOfRefusal(context.result) };
  const opened = await openDataSet(provenBytes(instance, signal));
  if (opened === null) return { sopInstanceUID, outcome: 'refused', pacsCode: CANNOT_UNDERSTAND };
  const isDeflated = encodingOf(transferSyntaxUID)?.deflated === true;
  const dataSet = isDeflated ? evened(opened.dataSet) : opened.dataSet;
  try {
    return toAnswer(sopInstanceUID, await store(association, context, { sopInstanceUID, dataSet }));
  } finally {
    await opened.close();
  }
}

/**
 * PS3.5 §A.5: an odd number of deflated bytes is followed by a single zero byte. Not every file has this byte, and
 * PACSs abort the association over an odd fragment.
 */
async function* evened(dataSet: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of dataSet) {
    bytes += piece.length;
    yield piece;
  }
  if (bytes % 2 === 1) yield Uint8Array.of(0);
}

function codeOfRefusal(result: number): number | null {
  if (result === ABSTRACT_SYNTAX_REFUSED) return CLASS_NOT_SUPPORTED;
  return result === TRANSFER_SYNTAXES_REFUSED ? TRANSFER_SYNTAX_NOT_SUPPORTED : null;
}

/**
 * PS3.7 Annex C: warnings of any service. Those of storage (PS3.4 Table B.2-1), which are Bxxx, are handled separately.
 */
const WARNINGS: readonly number[] = [0x0001, 0x0107, 0x0116];
/** PS3.7 Annex C: Refused: Resource limitation. A7xx: Out of resources. */
const isOutOfResources = (status: number): boolean => status === 0x0213 || status >> 8 === 0xa7;

function toAnswer(sopInstanceUID: string, status: number): StoreAnswer {
  if (status === SUCCESS) return { sopInstanceUID, outcome: 'stored', pacsCode: null };
  if (status >> 12 === 0xb || WARNINGS.includes(status))
    return { sopInstanceUID, outcome: 'coerced', pacsCode: status };
  return { sopInstanceUID, outcome: isOutOfResources(status) ? 'busy' : 'refused', pacsCode: status };
}
