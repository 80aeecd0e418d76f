/**
 * Storage commitment (PS3.4 Annex J, Push Model): the gateway asks whether the PACS keeps instances (N-ACTION), and the
 * PACS reports (N-EVENT-REPORT), in the same association or in a later one that it requests itself.
 */
import { isUid } from '#shared/dicom/uid.ts';
import type { CommitmentReport, CommitmentWish } from './pacs.ts';
import { violated } from '../../dimse/association-failed.ts';
import { NO_DATA_SET, type Association, type Context, type Message } from '../../dimse/association.ts';
import { encodeSequence, parseDataSet, uidIn } from '../../dimse/data-set.ts';
import { encodeElements, numberIn, textIn } from '../../dimse/elements.ts';
import {
  COMMAND,
  DATA_SET_TYPE,
  MESSAGE_ID,
  RESPONDED_TO,
  SOP_CLASS,
  SOP_INSTANCE,
  STATUS,
  SUCCESS,
} from '../../dimse/command-fields.ts';
import { gather, once, statusOf, WITH_DATA_SET } from '../../dimse/messages.ts';

export const COMMITMENT_PUSH = '1.2.840.10008.1.20.1';
/** The well-known SOP Instance to which every request is addressed. */
const PUSH_INSTANCE = '1.2.840.10008.1.20.1.1';

const REQUESTED_SOP_CLASS = 0x00000003;
const REQUESTED_SOP_INSTANCE = 0x00001001;
const EVENT_TYPE = 0x00001002;
const ACTION_TYPE = 0x00001008;
const ACTION_RQ = 0x0130;
const ACTION_RSP = 0x8130;
const EVENT_REPORT_RQ = 0x0100;
const EVENT_REPORT_RSP = 0x8100;
const REQUEST_COMMITMENT = 1;
/** PS3.4 Table J.3-2: all instances are kept, or some are not. */
const EVENT_TYPES: readonly (number | null)[] = [1, 2];
/** PS3.7 Annex C. */
const PROCESSING_FAILURE = 0x0110;
const NO_SUCH_EVENT_TYPE = 0x0113;
const INVALID_ARGUMENT = 0x0115;

const TRANSACTION_UID = 0x00081195;
const FAILED_SOP_SEQUENCE = 0x00081198;
const REFERENCED_SOP_SEQUENCE = 0x00081199;
const FAILURE_REASON = 0x00081197;
const REFERENCED_SOP_CLASS_UID = 0x00081150;
const REFERENCED_SOP_INSTANCE_UID = 0x00081155;

/** A report on a thousand instances, with everything that PS3.4 Table J.3-2 allows for each, needs a third of this. */
const REPORT_BYTES_LIMIT = 1024 * 1024;
/** Reports on earlier requests that may come before the one that is awaited. */
const REPORTS_LIMIT = 16;

/** Returns the status of the PACS's answer, which says only whether it will report. */
export async function askCommitment(
  association: Association,
  context: Context,
  { transactionUID, instances }: CommitmentWish,
): Promise<number> {
  const id = association.nextMessageId();
  const references = instances.map(
    ({ sopClassUID, sopInstanceUID }) =>
      [
        [REFERENCED_SOP_CLASS_UID, sopClassUID],
        [REFERENCED_SOP_INSTANCE_UID, sopInstanceUID],
      ] as const,
  );
  const information = Buffer.concat([
    encodeElements([[TRANSACTION_UID, transactionUID]]),
    encodeSequence(REFERENCED_SOP_SEQUENCE, references),
  ]);
  await association.send(
    context.id,
    [
      [REQUESTED_SOP_CLASS, COMMITMENT_PUSH],
      [COMMAND, ACTION_RQ],
      [MESSAGE_ID, id],
      [DATA_SET_TYPE, WITH_DATA_SET],
      [REQUESTED_SOP_INSTANCE, PUSH_INSTANCE],
      [ACTION_TYPE, REQUEST_COMMITMENT],
    ],
    once(information),
  );
  const answer = await association.receive();
  await gather(answer.dataSet, REPORT_BYTES_LIMIT);
  return statusOf(answer, ACTION_RSP, id);
}

/** The report on this request, if the PACS starts to send one within `ms`; otherwise null. */
export async function awaitReport(
  association: Association,
  transactionUID: string,
  ms: number,
): Promise<CommitmentReport | null> {
  for (let count = 0; count < REPORTS_LIMIT; count++) {
    if (!(await association.hears(ms))) return null;
    const message = await association.receive();
    const report = await readReport(message);
    const isOurs = report.transactionUID === transactionUID;
    await answerReport(association, message, isOurs ? SUCCESS : PROCESSING_FAILURE);
    if (isOurs) return report;
  }
  return null;
}

/**
 * Answers a message in an association that the peer has requested. `note`: returns whether the report is on a request
 * of ours to this peer. Throws AssociationFailed where the message is not a report, the signal's reason, and what
 * `note` throws.
 */
export async function takeReport(
  association: Pick<Association, 'send'>,
  message: Message,
  note: (report: CommitmentReport) => Promise<boolean>,
): Promise<void> {
  const report = await readReport(message);
  const isEvent = EVENT_TYPES.includes(numberIn(message.command, EVENT_TYPE));
  const status = !isEvent ? NO_SUCH_EVENT_TYPE : (await note(report)) ? SUCCESS : INVALID_ARGUMENT;
  await answerReport(association, message, status);
}

/** The report in a message; throws AssociationFailed where the message is not a report. */
async function readReport({ command, dataSet }: Message): Promise<CommitmentReport> {
  if (numberIn(command, COMMAND) !== EVENT_REPORT_RQ || dataSet === null) throw violated('no report');
  return parseReport(await gather(dataSet, REPORT_BYTES_LIMIT));
}

function parseReport(bytes: Buffer): CommitmentReport {
  const report = parseDataSet(bytes, (tag) => tag === FAILED_SOP_SEQUENCE || tag === REFERENCED_SOP_SEQUENCE);
  const transactionUID = uidIn(report, TRANSACTION_UID) ?? '';
  if (!isUid(transactionUID)) throw violated('a report on no request');
  const failed = new Map<string, number>();
  for (const item of report.sequences.get(FAILED_SOP_SEQUENCE) ?? []) {
    const uid = uidIn(item, REFERENCED_SOP_INSTANCE_UID);
    if (uid !== null) failed.set(uid, numberIn(item.values, FAILURE_REASON) ?? PROCESSING_FAILURE);
  }
  const named = (report.sequences.get(REFERENCED_SOP_SEQUENCE) ?? []).flatMap(
    (item) => uidIn(item, REFERENCED_SOP_INSTANCE_UID) ?? [],
  );
  return { transactionUID, committed: new Set(named.filter((uid) => !failed.has(uid))), failed };
}

async function answerReport(
  association: Pick<Association, 'send'>,
  { contextId, command }: Pick<Message, 'contextId' | 'command'>,
  status: number,
): Promise<void> {
  await association.send(contextId, [
    [SOP_CLASS, textIn(command, SOP_CLASS) ?? COMMITMENT_PUSH],
    [COMMAND, EVENT_REPORT_RSP],
    [RESPONDED_TO, numberIn(command, MESSAGE_ID) ?? 0],
    [DATA_SET_TYPE, NO_DATA_SET],
    [STATUS, status],
    [SOP_INSTANCE, textIn(command, SOP_INSTANCE) ?? PUSH_INSTANCE],
    [EVENT_TYPE, numberIn(command, EVENT_TYPE) ?? REQUEST_COMMITMENT],
  ]);
}
