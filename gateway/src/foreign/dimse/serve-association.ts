/**
 * Serves the messages of an association (PS3.7 §9.3 and §10.3) one after another until the peer releases it: C-ECHO,
 * C-STORE of a modality, and N-EVENT-REPORT of a PACS on storage commitment.
 */
import { isUid } from '#shared/dicom/uid.ts';
import { respond, type Answer } from '../../dimse/answer-message.ts';
import { violated } from '../../dimse/association-failed.ts';
import type { Association, Context, Message } from '../../dimse/association.ts';
import { COMMAND, ECHO_RQ, SOP_CLASS, SOP_INSTANCE, STORE_RQ, SUCCESS } from '../../dimse/command-fields.ts';
import { numberIn, textIn } from '../../dimse/elements.ts';
import { VERIFICATION } from '../../dimse/messages.ts';
import { COMMITMENT_PUSH, takeReport } from '../../ports/pacs/dimse-commitment.ts';
import type { CommitmentReport } from '../../ports/pacs/pacs.ts';
import type { Keeping } from './keep-instances.ts';

/** PS3.7 Annex C: Invalid SOP Instance; PS3.4 Table B.2-1: Data Set does not match SOP Class. */
const INVALID_INSTANCE = 0x0117;
const DOES_NOT_MATCH = 0xa900;

type Services = {
  /** Null: the peer may not store. */
  readonly keeping: Keeping | null;
  /** Records the report. False: it does not concern a request to this peer. */
  readonly note: (report: CommitmentReport) => Promise<boolean>;
};

/**
 * However the association ends, the instances that were confirmed as stored are handed over. Throws AssociationFailed,
 * the signal's reason, and whatever the services throw; then the association is aborted.
 */
export async function serveAssociation(
  association: Association,
  { keeping, note }: Services,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (;;) {
      const message = await association.receiveOrRelease();
      if (message === null) break;
      const context = association.contextById(message.contextId)!;
      if (context.abstractSyntax === COMMITMENT_PUSH) await takeReport(association, message, note);
      else await respond(association, message, await answerTo(message, context, keeping, signal));
    }
    // When the peer learns that the association is released, its study is already being processed.
    await keeping?.end();
    association.acceptRelease();
  } catch (error) {
    association.abort();
    await keeping?.end();
    throw error;
  }
}

async function answerTo(
  message: Message,
  context: Context,
  keeping: Keeping | null,
  signal: AbortSignal,
): Promise<Answer> {
  const { command, dataSet } = message;
  const field = numberIn(command, COMMAND);
  const isVerification = context.abstractSyntax === VERIFICATION;
  if (field === ECHO_RQ && isVerification && dataSet === null) return { status: SUCCESS };
  if (field !== STORE_RQ || isVerification || dataSet === null || keeping === null)
    throw violated('a message of another service');
  const refusal = refusalOf(message, context);
  if (refusal === null) return keeping.take({ ...instanceOf(message, context), dataSet }, signal);
  for await (const _ of dataSet);
  return refusal;
}

function refusalOf({ command }: Message, context: Context): Answer | null {
  if (textIn(command, SOP_CLASS) !== context.abstractSyntax) return { status: DOES_NOT_MATCH };
  return isUid(textIn(command, SOP_INSTANCE) ?? '') ? null : { status: INVALID_INSTANCE };
}

const instanceOf = ({ command }: Message, { abstractSyntax, transferSyntax }: Context) => ({
  sopClassUID: abstractSyntax,
  sopInstanceUID: textIn(command, SOP_INSTANCE) ?? '',
  transferSyntax,
});
