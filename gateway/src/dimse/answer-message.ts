/** Sends the gateway's answer to a message of the peer (PS3.7 §9.1.1.1 and §9.1.5.1). */
import { isUid } from '#shared/dicom/uid.ts';
import { NO_DATA_SET, type Association, type Message } from './association.ts';
import {
  COMMAND,
  COMMENT,
  DATA_SET_TYPE,
  MESSAGE_ID,
  RESPONDED_TO,
  RESPONSE,
  SOP_CLASS,
  SOP_INSTANCE,
  STATUS,
} from './command-fields.ts';
import { numberIn, textIn, type ElementsToSend } from './elements.ts';

/** The longest Error Comment (0000,0902), which is an LO. */
const COMMENT_CHARACTERS = 64;

/** `comment`: ASCII text for the peer's log, without any of the data. */
export type Answer = { readonly status: number; readonly comment?: string | undefined };

/** Throws AssociationFailed and the signal's reason. */
export async function respond(
  association: Association,
  { contextId, command }: Message,
  { status, comment }: Answer,
): Promise<void> {
  const uid = (tag: number): ElementsToSend => {
    const text = textIn(command, tag);
    return text !== null && isUid(text) ? [[tag, text]] : [];
  };
  await association.send(contextId, [
    ...uid(SOP_CLASS),
    [COMMAND, (numberIn(command, COMMAND) ?? 0) | RESPONSE],
    [RESPONDED_TO, numberIn(command, MESSAGE_ID) ?? 0],
    [DATA_SET_TYPE, NO_DATA_SET],
    [STATUS, status],
    ...(comment === undefined ? [] : [[COMMENT, toComment(comment)] as const]),
    ...uid(SOP_INSTANCE),
  ]);
}

/** PS3.5 §6.2: an LO is padded with a space. */
function toComment(text: string): string {
  const cut = text.slice(0, COMMENT_CHARACTERS);
  return cut.length % 2 === 0 ? cut : `${cut} `;
}
