/**
 * The messages of PS3.7 that the gateway sends: C-ECHO, C-STORE, C-FIND and C-GET. Each is sent in an association that
 * the caller has opened, and returns the peer's status. All throw AssociationFailed and the signal's reason; the
 * association cannot be used afterwards.
 */
import { respond } from './answer-message.ts';
import { violated } from './association-failed.ts';
import { NO_DATA_SET, type Association, type Context, type Message } from './association.ts';
import {
  COMMAND,
  DATA_SET_TYPE,
  ECHO_RQ,
  MESSAGE_ID,
  RESPONDED_TO,
  SOP_CLASS,
  SOP_INSTANCE,
  STATUS,
  STORE_RQ,
  SUCCESS,
} from './command-fields.ts';
import {
  encodeElements,
  numberIn,
  parseElements,
  textIn,
  type Elements,
  type ElementsToSend,
} from './elements.ts';

export const VERIFICATION = '1.2.840.10008.1.1';
/** Study Root Query/Retrieve Information Model (PS3.4 Annex C.6.2). */
export const STUDY_ROOT_FIND = '1.2.840.10008.5.1.4.1.2.2.1';
export const STUDY_ROOT_GET = '1.2.840.10008.5.1.4.1.2.2.3';
/** Modality Worklist Information Model (PS3.4 Annex K.6.1). */
export const MODALITY_WORKLIST_FIND = '1.2.840.10008.5.1.4.31';

const PRIORITY = 0x00000700;

const STORE_RSP = 0x8001;
const GET_RQ = 0x0010;
const GET_RSP = 0x8010;
const FIND_RQ = 0x0020;
const FIND_RSP = 0x8020;
const ECHO_RSP = 0x8030;

const MEDIUM = 0;
/** Any value but NO_DATA_SET. */
export const WITH_DATA_SET = 0x0001;

/** The longest identifier of a C-FIND response, which holds some UIDs and codes. */
const IDENTIFIER_BYTES_LIMIT = 64 * 1024;
/**
 * The most messages in a C-GET of one instance: its C-STORE, and a response before and after it. Some peers report
 * progress in between.
 */
const MESSAGES_FOR_AN_INSTANCE = 32;

/** The status of the response to message `messageId`. */
export function statusOf({ command }: Message, field: number, messageId: number): number {
  const status = numberIn(command, STATUS);
  if (
    numberIn(command, COMMAND) !== field ||
    numberIn(command, RESPONDED_TO) !== messageId ||
    status === null
  )
    throw violated('no response to the message');
  return status;
}

const isPending = (status: number): boolean => status === 0xff00 || status === 0xff01;

export async function gather(dataSet: AsyncIterable<Buffer> | null, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of dataSet ?? []) {
    bytes += piece.length;
    if (bytes > maxBytes) throw violated('too long a Data Set');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

export async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

export async function echo(association: Association, context: Context): Promise<number> {
  const id = association.nextMessageId();
  await association.send(context.id, [
    [SOP_CLASS, VERIFICATION],
    [COMMAND, ECHO_RQ],
    [MESSAGE_ID, id],
    [DATA_SET_TYPE, NO_DATA_SET],
  ]);
  const answer = await association.receive();
  await gather(answer.dataSet, IDENTIFIER_BYTES_LIMIT);
  return statusOf(answer, ECHO_RSP, id);
}

/** Sends C-STORE. The Data Set must be in the transfer syntax of the context. Throws whatever `dataSet` throws. */
export async function store(
  association: Association,
  context: Context,
  {
    sopInstanceUID,
    dataSet,
  }: { readonly sopInstanceUID: string; readonly dataSet: AsyncIterable<Uint8Array> },
): Promise<number> {
  const id = association.nextMessageId();
  const command: ElementsToSend = [
    [SOP_CLASS, context.abstractSyntax],
    [COMMAND, STORE_RQ],
    [MESSAGE_ID, id],
    [PRIORITY, MEDIUM],
    [DATA_SET_TYPE, WITH_DATA_SET],
    [SOP_INSTANCE, sopInstanceUID],
  ];
  await association.send(context.id, command, dataSet);
  const answer = await association.receive();
  await gather(answer.dataSet, IDENTIFIER_BYTES_LIMIT);
  return statusOf(answer, STORE_RSP, id);
}

/** `isCut`: there are more than `limit` rows, and the association cannot be used any more. */
type Matches<T> = {
  readonly status: number;
  readonly rows: readonly T[];
  readonly isCut: boolean;
};

/** `read` returns what is kept of a row. A row may be of any length, and nothing else of it stays in memory. */
export type Wish<T> = { readonly limit: number; readonly read: (row: Elements) => readonly T[] };
/** The same, with rows in encoded form. */
type BytesWish<T> = {
  readonly limit: number;
  readonly read: (row: Buffer) => readonly T[] | Promise<readonly T[]>;
};

/** `identifier`: ascending by tag, beginning with the level. */
export async function find<T>(
  association: Association,
  context: Context,
  identifier: ElementsToSend,
  { limit, read }: Wish<T>,
): Promise<Matches<T>> {
  const wish = { limit, read: (row: Buffer) => read(parseElements(row)) };
  return findBytes(association, context, encodeElements(identifier), wish);
}

/** Searches in the information model of the context. Identifier and rows are encoded Data Sets. */
export async function findBytes<T>(
  association: Association,
  context: Context,
  identifier: Buffer,
  { limit, read }: BytesWish<T>,
): Promise<Matches<T>> {
  const id = association.nextMessageId();
  const command: ElementsToSend = [
    [SOP_CLASS, context.abstractSyntax],
    [COMMAND, FIND_RQ],
    [MESSAGE_ID, id],
    [PRIORITY, MEDIUM],
    [DATA_SET_TYPE, WITH_DATA_SET],
  ];
  await association.send(context.id, command, once(identifier));
  const rows: T[] = [];
  for (let count = 0; ; count++) {
    const answer = await association.receive();
    const bytes = await gather(answer.dataSet, IDENTIFIER_BYTES_LIMIT);
    const status = statusOf(answer, FIND_RSP, id);
    if (!isPending(status)) return { status, rows, isCut: false };
    if (count === limit) return { status: SUCCESS, rows, isCut: true };
    rows.push(...(await read(bytes)));
    // `read` may return many rows for a single answer.
    if (rows.length > limit) return { status: SUCCESS, rows: rows.slice(0, limit), isCut: true };
  }
}

/** An instance that the peer sends: its transfer syntax, and its Data Set as it arrives. */
export type Brought = { readonly transferSyntax: string; readonly dataSet: AsyncIterable<Buffer> };

/**
 * Requests one instance and passes it to `take`, which may stop early; then the association cannot be used any more.
 * `taken` is null if the peer sent none; the status tells whether the peer was able to search. Receiving any other
 * instance is a violation.
 */
export async function get<T>(
  association: Association,
  context: Context,
  asked: { readonly identifier: ElementsToSend; readonly sopInstanceUID: string },
  take: (brought: Brought) => Promise<T>,
): Promise<{ readonly status: number; readonly taken: T | null }> {
  const id = association.nextMessageId();
  const command: ElementsToSend = [
    [SOP_CLASS, STUDY_ROOT_GET],
    [COMMAND, GET_RQ],
    [MESSAGE_ID, id],
    [PRIORITY, MEDIUM],
    [DATA_SET_TYPE, WITH_DATA_SET],
  ];
  await association.send(context.id, command, once(encodeElements(asked.identifier)));
  let brought: { readonly taken: T } | null = null;
  for (let count = 0; count < MESSAGES_FOR_AN_INSTANCE; count++) {
    const message = await association.receive();
    if (numberIn(message.command, COMMAND) === STORE_RQ) {
      const { contextId, command, dataSet } = message;
      const by = association.contextById(contextId);
      const isAsked = textIn(command, SOP_INSTANCE) === asked.sopInstanceUID;
      // The transfer syntax of the query context does not apply to an instance.
      if (brought !== null || !isAsked || dataSet === null || by === undefined || by.id === context.id)
        throw violated('another instance');
      const { transferSyntax } = by;
      brought = { taken: await take({ transferSyntax, dataSet }) };
      await acknowledge(association, message);
      continue;
    }
    await gather(message.dataSet, IDENTIFIER_BYTES_LIMIT);
    const status = statusOf(message, GET_RSP, id);
    if (!isPending(status)) return { status, taken: brought?.taken ?? null };
  }
  throw violated('too many messages');
}

const acknowledge = (association: Association, message: Message): Promise<void> =>
  respond(association, message, { status: SUCCESS });
